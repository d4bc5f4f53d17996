using Checkout.Chassis.State;
using NpgsqlTypes;

namespace Checkout.Observer.Reading;

/// <summary>Where the reading of each partition goes on, within one transaction.</summary>
internal sealed class ReadingPlaces(IEnumerable<(string Topic, int Partition)> of)
{
    private readonly List<(string Topic, int Partition)> _of =
        [.. of.Distinct().OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition)];

    private readonly Dictionary<(string Topic, int Partition), Place> _places = [];

    public IReadOnlyDictionary<(string Topic, int Partition), long> Next =>
        _places.ToDictionary(place => place.Key, place => place.Value.Next);

    public List<(string Topic, int Partition)> Remade { get; } = [];

    public void Lock(RoundTrip trip)
    {
        if (_of.Count == 0) return;
        trip.Write("INSERT INTO reading (topic, partition, next) SELECT topic, partition, 0 FROM unnest($1, $2) "
            + "AS k(topic, partition) ON CONFLICT DO NOTHING", Topics(), Partitions());
        trip.Read(
            """
            SELECT r.topic, r.partition, r.next, r.last_id FROM unnest($1, $2) AS k(topic, partition)
            CROSS JOIN LATERAL (
                SELECT * FROM reading t WHERE t.topic = k.topic AND t.partition = k.partition FOR UPDATE) r
            """, row => _places[(row.GetString(0), row.GetInt32(1))] =
                new(row.GetInt64(2), row.IsDBNull(3) ? null : row.GetString(3)), Topics(), Partitions());
    }

    /// <summary>
    /// Those that were not read before. The one before the next is sent too, so that a topic that was made anew is
    /// known by it.
    /// </summary>
    public List<ReadRecord> Take(IReadOnlyList<ReadRecord> records)
    {
        var taken = new List<ReadRecord>(records.Count);
        foreach (var read in records)
        {
            var key = (read.Record.Topic, read.Record.Partition);
            var place = _places[key];
            if (Remade.Contains(key)) continue;
            if (read.Record.Offset == place.Next - 1 && place.LastId is { } last && last != read.Mark)
            {
                Remade.Add(key);
                _places[key] = new(0, null);
                taken.RemoveAll(one => (one.Record.Topic, one.Record.Partition) == key);
                continue;
            }
            if (read.Record.Offset < place.Next) continue;
            _places[key] = place with { Next = read.Record.Offset + 1, LastId = read.Mark };
            taken.Add(read);
        }
        return taken;
    }

    public void Duplicate(ReadRecord read) => Change(read, place => place with { Duplicates = place.Duplicates + 1 });

    public void Strange(ReadRecord read) => Change(read, place => place with { Strangers = place.Strangers + 1 });

    public void Write(RoundTrip trip)
    {
        if (_of.Count == 0) return;
        trip.Write(
            """
            UPDATE reading t SET next = k.next, last_id = k.last_id, duplicates = t.duplicates + k.duplicates,
                strangers = t.strangers + k.strangers
            FROM unnest($1, $2, $3, $4, $5, $6) AS k(topic, partition, next, last_id, duplicates, strangers)
            WHERE t.topic = k.topic AND t.partition = k.partition
            """, Topics(), Partitions(),
            RoundTrip.Array(_of.Select(key => _places[key].Next), NpgsqlDbType.Bigint),
            RoundTrip.Array(_of.Select(key => _places[key].LastId), NpgsqlDbType.Text),
            RoundTrip.Array(_of.Select(key => _places[key].Duplicates), NpgsqlDbType.Bigint),
            RoundTrip.Array(_of.Select(key => _places[key].Strangers), NpgsqlDbType.Bigint));
    }

    private void Change(ReadRecord read, Func<Place, Place> change)
    {
        var key = (read.Record.Topic, read.Record.Partition);
        _places[key] = change(_places[key]);
    }

    private Npgsql.NpgsqlParameter Topics() => RoundTrip.Array(_of.Select(p => p.Topic), NpgsqlDbType.Text);

    private Npgsql.NpgsqlParameter Partitions() => RoundTrip.Array(_of.Select(p => p.Partition), NpgsqlDbType.Integer);

    private readonly record struct Place(long Next, string? LastId, long Duplicates = 0, long Strangers = 0);
}
