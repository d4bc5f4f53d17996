using Checkout.Chassis.State;
using NpgsqlTypes;

namespace Checkout.Chassis.Inbox;

/// <summary>
/// How far each partition's chain has been handled. Its rows are the first lock of a batch's transaction, so two
/// instances never handle one partition at once.
/// </summary>
public static class Handled
{
    /// <summary>
    /// Locks the rows, in key order; their positions are there when the round trip is. A partition never handled before
    /// starts at 0.
    /// </summary>
    public static IReadOnlyDictionary<(string Topic, int Partition), Progress> Lock(RoundTrip trip,
        IEnumerable<(string Topic, int Partition)> partitions)
    {
        var inOrder = partitions.Distinct().OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition)
            .ToList();
        var (topics, numbers) = (RoundTrip.Array(inOrder.Select(p => p.Topic), NpgsqlDbType.Text),
            RoundTrip.Array(inOrder.Select(p => p.Partition), NpgsqlDbType.Integer));
        var positions = new Dictionary<(string, int), Progress>();
        trip.Write("INSERT INTO handled (topic, partition, position) SELECT topic, partition, 0 FROM unnest($1, $2) "
            + "AS k(topic, partition) ON CONFLICT DO NOTHING",
            topics, numbers);
        trip.Read(
            """
            SELECT h.topic, h.partition, h.position, CASE WHEN h.event_position = h.position THEN h.event_id END
            FROM unnest($1, $2) AS k(topic, partition)
            CROSS JOIN LATERAL (
                SELECT * FROM handled t WHERE t.topic = k.topic AND t.partition = k.partition FOR UPDATE) h
            """, row => positions[(row.GetString(0), row.GetInt32(1))] =
                new(row.GetInt64(2), row.IsDBNull(3) ? null : row.GetGuid(3)),
            topics.Clone(), numbers.Clone());
        return positions;
    }

    /// <summary>Locks all rows of a topic: until the transaction ends no batch handles anything of it.</summary>
    public static void LockTopic(RoundTrip trip, string topic) =>
        trip.Read("SELECT 1 FROM handled WHERE topic = $1 ORDER BY topic, partition FOR UPDATE", _ => { },
            RoundTrip.Value(topic));

    /// <summary>How far partitions were handled, without a lock; those that never were are not given.</summary>
    public static void Read(RoundTrip trip, IEnumerable<(string Topic, int Partition)> partitions,
        Action<string, int, long> found)
    {
        var of = partitions.ToList();
        trip.Read(
            """
            SELECT h.topic, h.partition, h.position FROM unnest($1, $2) AS k(topic, partition)
            CROSS JOIN LATERAL (
                SELECT * FROM handled t WHERE t.topic = k.topic AND t.partition = k.partition AND t.position > 0) h
            """, row => found(row.GetString(0), row.GetInt32(1), row.GetInt64(2)),
            RoundTrip.Array(of.Select(p => p.Topic), NpgsqlDbType.Text),
            RoundTrip.Array(of.Select(p => p.Partition), NpgsqlDbType.Integer));
    }

    public static void Advance(RoundTrip trip, IReadOnlyDictionary<(string Topic, int Partition), Progress> to)
    {
        if (to.Count == 0) return;
        trip.Write(
            """
            UPDATE handled t SET position = k.position, event_position = k.position, event_id = k.event_id
            FROM unnest($1, $2, $3, $4) AS k(topic, partition, position, event_id)
            WHERE t.topic = k.topic AND t.partition = k.partition
            """,
            RoundTrip.Array(to.Keys.Select(k => k.Topic), NpgsqlDbType.Text),
            RoundTrip.Array(to.Keys.Select(k => k.Partition), NpgsqlDbType.Integer),
            RoundTrip.Array(to.Values.Select(progress => progress.Position), NpgsqlDbType.Bigint),
            RoundTrip.Array(to.Values.Select(progress => progress.EventId), NpgsqlDbType.Uuid));
    }
}
