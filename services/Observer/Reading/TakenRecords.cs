using System.Text.Json;
using Checkout.Chassis.State;
using Checkout.Chassis.WireFormat;
using Checkout.Observer.Auditing;
using NpgsqlTypes;

namespace Checkout.Observer.Reading;

/// <summary>
/// The records of a batch that were not read before: which of them are new events, and which are not.
/// </summary>
internal sealed class TakenRecords(List<ReadRecord> taken)
{
    /// <summary>Of a partition; what comes beyond is counted and not kept.</summary>
    private const int MaxStrangers = 1_000;

    /// <summary>
    /// A position so far beyond what is known is made up: to look for all between would never end.
    /// </summary>
    private const long MaxAhead = 1_000_000;

    private readonly Dictionary<(string Topic, long Position), Guid> _known = [];
    private readonly Dictionary<Guid, (string Topic, long Position)> _places = [];
    private readonly Dictionary<string, long> _highest = [];
    private readonly List<(ReadRecord Read, string Reason)> _strangers = [];
    private readonly List<ReadRecord> _new = [];

    public IEnumerable<Told> New => _new.Select(read => read.Told!);

    public List<Finding> Findings { get; } = [];

    /// <summary>What is known of the same positions and ids.</summary>
    public void Compare(RoundTrip trip)
    {
        var told = taken.Where(read => read.Told is not null).Select(read => read.Told!).ToList();
        if (told.Count == 0) return;
        trip.Read("SELECT topic, highest FROM stores", row => _highest[row.GetString(0)] = row.GetInt64(1));
        trip.Read(
            """
            SELECT e.topic, e.position, e.event_id FROM unnest($1, $2) AS k(topic, position)
            CROSS JOIN LATERAL (SELECT * FROM events t WHERE t.topic = k.topic AND t.position = k.position) e
            """, row => _known[(row.GetString(0), row.GetInt64(1))] = row.GetGuid(2),
            RoundTrip.Array(told.Select(t => t.Topic), NpgsqlDbType.Text),
            RoundTrip.Array(told.Select(t => t.Position), NpgsqlDbType.Bigint));
        trip.Read(
            """
            SELECT e.event_id, e.topic, e.position FROM unnest($1) AS k(event_id)
            CROSS JOIN LATERAL (SELECT * FROM events t WHERE t.event_id = k.event_id) e
            """, row => _places[row.GetGuid(0)] = (row.GetString(1), row.GetInt64(2)),
            RoundTrip.Array(told.Select(t => t.EventId), NpgsqlDbType.Uuid));
    }

    /// <summary>A duplicate is an event that is known, at the position where it is known.</summary>
    public void Sort(ReadingPlaces places)
    {
        foreach (var read in taken)
        {
            if (read.Stranger is { } why) _strangers.Add((read, why));
            if (read.Told is not { } told) continue;
            var isChained = ObservedEvents.Table.IsChained(told.Topic);
            if (isChained ? IsKnown(read, told, places) : _places.ContainsKey(told.EventId))
            {
                if (!isChained) places.Duplicate(read);
                continue;
            }
            if (_places.TryGetValue(told.EventId, out var place)) Repeat(told, place);
            (_known[(told.Topic, told.Position)], _places[told.EventId]) =
                (told.EventId, (told.Topic, told.Position));
            _highest[told.Topic] = Math.Max(_highest.GetValueOrDefault(told.Topic), told.Position);
            _new.Add(read);
        }
        foreach (var (read, _) in _strangers) places.Strange(read);
    }

    /// <summary>By its place on the chain.</summary>
    private bool IsKnown(ReadRecord read, Told told, ReadingPlaces places)
    {
        if (_known.TryGetValue((told.Topic, told.Position), out var known))
        {
            if (known == told.EventId) places.Duplicate(read);
            else Contradict(read, told, known);
            return true;
        }
        var highest = _highest.GetValueOrDefault(told.Topic);
        if (told.Position >= 1 && told.Position <= highest + MaxAhead) return false;
        _strangers.Add((read, $"its position {told.Position} can't be: the highest that is known is {highest}"));
        return true;
    }

    public List<Told> Of(string topic) =>
        [.. New.Where(told => told.Topic == topic).OrderBy(told => told.Position)];

    /// <summary>Those that fill a hole that was passed over.</summary>
    public IEnumerable<Told> Late(IReadOnlyDictionary<string, StoredChain> chains) => New
        .Where(told => chains.TryGetValue(told.Topic, out var chain) && chain.IsLate(told))
        .Select(told => told with { IsLate = true });

    public void Write(RoundTrip trip)
    {
        if (_new.Count > 0) WriteEvents(trip);
        foreach (var (read, reason) in _strangers)
            trip.Write(
                """
                INSERT INTO strangers (topic, partition, record_offset, reason, headers, read_at)
                SELECT $1, $2, $3, $4, $5::jsonb, $6
                WHERE (SELECT strangers FROM reading WHERE topic = $1 AND partition = $2) <= $7
                ON CONFLICT DO NOTHING
                """, RoundTrip.Value(read.Record.Topic), RoundTrip.Value(read.Record.Partition),
                RoundTrip.Value(read.Record.Offset), RoundTrip.Value(reason.Replace('\0', '\uFFFD')),
                RoundTrip.Value(JsonSerializer.Serialize(read.Record.Headers).Replace("\\u0000", "\\uFFFD",
                    StringComparison.Ordinal)), RoundTrip.Value(read.Told?.ReadAt ?? DateTime.UtcNow),
                RoundTrip.Value((long)MaxStrangers));
    }

    private void WriteEvents(RoundTrip trip)
    {
        var told = New.ToList();
        trip.Write(
            """
            INSERT INTO events (topic, position, partition, previous, record_offset, event_id, type, source,
                occurred_at, read_at, checkout_id, customer_id, cause_id, trace_parent, fields)
            SELECT topic, CASE WHEN previous IS NULL THEN nextval('facts') ELSE position END, partition, previous,
                record_offset, event_id, type, source, occurred_at, read_at, checkout_id, customer_id, cause_id,
                trace_parent, fields::jsonb
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS k(topic, position,
                partition, previous, record_offset, event_id, type, source, occurred_at, read_at, checkout_id,
                customer_id, cause_id, trace_parent, fields)
            """,
            RoundTrip.Array(told.Select(t => t.Topic), NpgsqlDbType.Text),
            RoundTrip.Array(told.Select(t => t.Position), NpgsqlDbType.Bigint),
            RoundTrip.Array(told.Select(t => t.Partition), NpgsqlDbType.Integer),
            RoundTrip.Array(told.Select(t => t.Previous), NpgsqlDbType.Bigint),
            RoundTrip.Array(_new.Select(read => read.Record.Offset), NpgsqlDbType.Bigint),
            RoundTrip.Array(told.Select(t => t.EventId), NpgsqlDbType.Uuid),
            RoundTrip.Array(_new.Select(read => Storable(read.Type)!), NpgsqlDbType.Text),
            RoundTrip.Array(_new.Select(read => Storable(read.Record.Header(EventHeaders.Source)) ?? read.Record.Topic),
                NpgsqlDbType.Text),
            RoundTrip.Array(told.Select(t => t.OccurredAt), NpgsqlDbType.TimestampTz),
            RoundTrip.Array(told.Select(t => t.ReadAt), NpgsqlDbType.TimestampTz),
            RoundTrip.Array(_new.Select(CheckoutOf), NpgsqlDbType.Uuid),
            RoundTrip.Array(told.Select(t => Storable(t.CustomerId)), NpgsqlDbType.Text),
            RoundTrip.Array(_new.Select(read =>
                Guid.TryParse(read.Record.Header(EventHeaders.Causation), out var id) ? id : (Guid?)null),
                NpgsqlDbType.Uuid),
            RoundTrip.Array(_new.Select(read => Storable(read.Record.Header(EventHeaders.TraceParent))),
                NpgsqlDbType.Text),
            RoundTrip.Array(told.Select(t => Told.JsonOf(t.Fields)?.Replace("\\u0000", "\\uFFFD",
                StringComparison.Ordinal)), NpgsqlDbType.Text));
    }

    private static Guid? CheckoutOf(ReadRecord read) => read.Told!.CheckoutId
        ?? (Guid.TryParse(read.Record.Header(EventHeaders.Correlation), out var id) ? id : null);

    private void Contradict(ReadRecord read, Told told, Guid known)
    {
        _strangers.Add((read, $"position {told.Position} has another event, {known}"));
        Findings.Add(new(Kinds.OtherEventAtPosition, $"{told.Topic} {told.Position}",
            $"{told.Name} {told.EventId} is at position {told.Position} of {told.Topic}, and {known} is there.")
        { Places = [(told.Topic, told.Position)] });
    }

    private void Repeat(Told told, (string Topic, long Position) place) =>
        Findings.Add(new(Kinds.EventTwice, $"{told.EventId}",
            $"The event {told.EventId} is at {place.Position} of {place.Topic} and at {told.Position} of "
                + $"{told.Topic}.")
        { Places = [(place.Topic, place.Position), (told.Topic, told.Position)] });

    /// <summary>PostgreSQL's text has no NUL; a foreign record may.</summary>
    private static string? Storable(string? text) => text?.Replace('\0', '\uFFFD');
}
