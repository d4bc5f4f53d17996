using System.Text.Json;
using Checkout.Chassis.State;
using NpgsqlTypes;

namespace Checkout.Chassis.Inbox;

/// <summary>A parked record and why it is there.</summary>
public sealed record ParkedRecord(long Id, DateTime ParkedAt, string Reason, Incoming Record);

/// <param name="Blocks">Whether what follows of its key waits for it.</param>
public sealed record ToPark(Incoming Record, string Reason, bool Blocks);

/// <summary>Records that could not be handled, with what follows them of their key.</summary>
public static class Parked
{
    public const string BehindAnother = "an earlier event of its key is parked";

    /// <summary>
    /// Which of these keys have something parked, so that nothing of theirs may pass it; there when the round trip is.
    /// </summary>
    public static HashSet<(string Topic, string Key)> Keys(RoundTrip trip, IEnumerable<(string Topic, string Key)> of)
    {
        var keys = of.Distinct().ToList();
        var blocked = new HashSet<(string, string)>();
        if (keys.Count > 0)
            trip.Read(
                """
                SELECT k.topic, k.key FROM unnest($1, $2) AS k(topic, key)
                WHERE EXISTS (SELECT FROM parked t WHERE t.blocks AND t.topic = k.topic AND t.key = k.key)
                """, row => blocked.Add((row.GetString(0), row.GetString(1))),
                RoundTrip.Array(keys.Select(k => k.Topic), NpgsqlDbType.Text),
                RoundTrip.Array(keys.Select(k => k.Key), NpgsqlDbType.Text));
        return blocked;
    }

    public static void Add(RoundTrip trip, IReadOnlyCollection<ToPark> parked)
    {
        if (parked.Count == 0) return;
        trip.Write(
            """
            INSERT INTO parked (topic, partition, position, key, value, headers, reason, blocks)
            SELECT topic, partition, position, key, value, headers::jsonb, reason, blocks
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) WITH ORDINALITY
                AS p(topic, partition, position, key, value, headers, reason, blocks, ordinal)
            ORDER BY ordinal
            ON CONFLICT DO NOTHING
            """,
            RoundTrip.Array(parked.Select(p => p.Record.Topic), NpgsqlDbType.Text),
            RoundTrip.Array(parked.Select(p => p.Record.Partition), NpgsqlDbType.Integer),
            RoundTrip.Array(parked.Select(p => p.Record.Position), NpgsqlDbType.Bigint),
            RoundTrip.Array(parked.Select(p => p.Record.Key), NpgsqlDbType.Text),
            RoundTrip.Array(parked.Select(p => p.Record.Value), NpgsqlDbType.Bytea),
            RoundTrip.Array(parked.Select(p => Storable(JsonSerializer.Serialize(p.Record.Headers))),
                NpgsqlDbType.Text),
            RoundTrip.Array(parked.Select(p => Storable(p.Reason)), NpgsqlDbType.Text),
            RoundTrip.Array(parked.Select(p => p.Blocks), NpgsqlDbType.Boolean));
    }

    /// <summary>
    /// The oldest that is parked of a key, locked against another command at the same time; given when the round trip
    /// answers.
    /// </summary>
    public static void First(RoundTrip trip, string topic, string key, Action<ParkedRecord> found) => trip.Read(
        """
        SELECT id, partition, position, value, headers::text, reason, parked_at FROM parked
        WHERE topic = $1 AND key = $2 ORDER BY id LIMIT 1 FOR UPDATE
        """,
        row => found(new(row.GetInt64(0), row.GetDateTime(6), row.GetString(5),
            Restored(topic, row.GetInt32(1), row.GetInt64(2), key, row.IsDBNull(3) ? null : (byte[])row[3],
                row.GetString(4)))),
        RoundTrip.Value(topic), RoundTrip.Value(key));

    public static void Count(RoundTrip trip, string topic, string key, Action<long> counted) => trip.Read(
        "SELECT count(*) FROM parked WHERE topic = $1 AND key = $2", row => counted(row.GetInt64(0)),
        RoundTrip.Value(topic), RoundTrip.Value(key));

    /// <summary>Takes a parked record away for good, and keeps who did it and why.</summary>
    public static void Free(RoundTrip trip, long id, string action, string who, string why) => trip.Write(
        """
        WITH gone AS (DELETE FROM parked WHERE id = $1 RETURNING *)
        INSERT INTO freed (parked_id, topic, key, position, action, who, why)
        SELECT id, topic, key, position, $2, $3, $4 FROM gone
        """, RoundTrip.Value(id), RoundTrip.Value(action), RoundTrip.Value(who), RoundTrip.Value(why));

    private static Incoming Restored(string topic, int partition, long position, string key, byte[]? value,
        string headersJson)
    {
        var headers = JsonSerializer.Deserialize<Dictionary<string, string>>(headersJson)!;
        var previous = headers.TryGetValue(WireFormat.EventHeaders.Previous, out var text)
            && long.TryParse(text, out var number) ? number : (long?)null;
        return new(topic, partition, Offset: -1, position, previous, key, value, headers);
    }

    /// <summary>PostgreSQL's text has no NUL; a foreign record may.</summary>
    private static string Storable(string text) =>
        text.Replace("\0", "\uFFFD", StringComparison.Ordinal).Replace("\\u0000", "\\uFFFD", StringComparison.Ordinal);
}
