using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Checkout.Chassis.State;
using NpgsqlTypes;

namespace Checkout.Chassis.Inbox;

/// <summary>A parked record and why it is there.</summary>
/// <param name="Blocks">Whether what follows of its key waits for it.</param>
public sealed record ParkedRecord(long Id, DateTime ParkedAt, string Reason, bool Blocks, Incoming Record);

/// <param name="Blocks">Whether what follows of its key waits for it.</param>
public sealed record ToPark(Incoming Record, string Reason, bool Blocks);

/// <summary>Records that could not be handled, with what follows them of their key.</summary>
public static class Parked
{
    public const string BehindAnother = "an earlier event of its key is parked";

    /// <summary>Where the whole key is kept of a record whose key no index takes.</summary>
    public const string WholeKey = "__key";

    /// <summary>
    /// In characters. A row of an index has 2,704 bytes at most (PostgreSQL, SQLSTATE 54000), and a character up to 4.
    /// </summary>
    private const int MaxKeyLength = 500;

    private const int MaxReasonLength = 2_000;

    /// <summary>
    /// The key under which a record is parked, redriven and discarded: its own, or where that is very long its start
    /// and its hash.
    /// </summary>
    public static string KeyOf(string key) => key.Length <= MaxKeyLength ? key
        : $"{Shortened(key, MaxKeyLength / 2)}...{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}";

    /// <summary>
    /// Which of these keys have something parked, so that nothing of theirs may pass it; there when the round trip is.
    /// </summary>
    public static HashSet<(string Topic, string Key)> Keys(RoundTrip trip, IEnumerable<(string Topic, string Key)> of)
    {
        var keys = of.Select(record => (record.Topic, Key: KeyOf(record.Key))).Distinct().ToList();
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
            RoundTrip.Array(parked.Select(p => KeyOf(p.Record.Key)), NpgsqlDbType.Text),
            RoundTrip.Array(parked.Select(p => p.Record.Value), NpgsqlDbType.Bytea),
            RoundTrip.Array(parked.Select(p => Storable(JsonSerializer.Serialize(Headers(p.Record)))),
                NpgsqlDbType.Text),
            RoundTrip.Array(parked.Select(p => Storable(Shortened(p.Reason, MaxReasonLength))),
                NpgsqlDbType.Text),
            RoundTrip.Array(parked.Select(p => p.Blocks), NpgsqlDbType.Boolean));
    }

    /// <summary>
    /// The oldest that is parked of a key behind this id, locked against another command at the same time; given when
    /// the round trip answers.
    /// </summary>
    public static void First(RoundTrip trip, string topic, string key, long after, Action<ParkedRecord> found) =>
        trip.Read(
        """
        SELECT id, partition, position, value, headers::text, reason, parked_at, blocks FROM parked
        WHERE topic = $1 AND key = $2 AND id > $3 ORDER BY id LIMIT 1 FOR UPDATE
        """,
        row => found(new(row.GetInt64(0), row.GetDateTime(6), row.GetString(5), row.GetBoolean(7),
            Restored(topic, row.GetInt32(1), row.GetInt64(2), key, row.IsDBNull(3) ? null : (byte[])row[3],
                row.GetString(4)))),
        RoundTrip.Value(topic), RoundTrip.Value(KeyOf(key)), RoundTrip.Value(after));

    public static void Count(RoundTrip trip, string topic, string key, Action<long> counted) => trip.Read(
        "SELECT count(*) FROM parked WHERE topic = $1 AND key = $2", row => counted(row.GetInt64(0)),
        RoundTrip.Value(topic), RoundTrip.Value(KeyOf(key)));

    /// <summary>Takes a parked record away for good, and keeps who did it and why.</summary>
    public static void Free(RoundTrip trip, long id, string action, string who, string why) => trip.Write(
        """
        WITH gone AS (DELETE FROM parked WHERE id = $1 RETURNING *)
        INSERT INTO freed (parked_id, topic, key, position, action, who, why)
        SELECT id, topic, key, position, $2, $3, $4 FROM gone
        """, RoundTrip.Value(id), RoundTrip.Value(action), RoundTrip.Value(who), RoundTrip.Value(why));

    private static IReadOnlyDictionary<string, string> Headers(Incoming record) =>
        KeyOf(record.Key) == record.Key ? record.Headers
            : new Dictionary<string, string>(record.Headers) { [WholeKey] = record.Key };

    private static Incoming Restored(string topic, int partition, long position, string key, byte[]? value,
        string headersJson)
    {
        var headers = JsonSerializer.Deserialize<Dictionary<string, string>>(headersJson)!;
        var previous = headers.TryGetValue(WireFormat.EventHeaders.Previous, out var text)
            && long.TryParse(text, out var number) ? number : (long?)null;
        return new(topic, partition, Offset: -1, position, previous, key, value, headers);
    }

    /// <summary>Not between the halves of a character.</summary>
    private static string Shortened(string text, int length) =>
        text.Length <= length ? text : text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];

    /// <summary>PostgreSQL's text has no NUL; a foreign record may.</summary>
    private static string Storable(string text) =>
        text.Replace("\0", "\uFFFD", StringComparison.Ordinal).Replace("\\u0000", "\\uFFFD", StringComparison.Ordinal);
}
