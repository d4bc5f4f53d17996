using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Checkout.Chassis.State;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Chassis.Inbox;

/// <summary>A parked record and why it is there.</summary>
/// <param name="Blocks">Whether what follows of its key waits for it.</param>
public sealed record ParkedRecord(long Id, DateTime ParkedAt, string Reason, bool Blocks, Incoming Record);

/// <summary>Which parked records are meant; null is any.</summary>
/// <param name="Key">The whole key, as its event has it.</param>
/// <param name="Reason">A part of the reason, letter by letter.</param>
public sealed record ParkedSelection(string? Topic = null, string? Key = null, string? Reason = null);

/// <summary>Parked records with one reason, but for ids and numbers in it.</summary>
/// <param name="Oldest">When the oldest of them was parked, UTC.</param>
public sealed record ParkedReason(string Topic, string Reason, long Count, long Keys, DateTime Oldest);

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
    public const int MaxKeyLength = 500;

    private const int MaxReasonLength = 2_000;

    /// <summary>A selection's three parameters come first.</summary>
    private const string IsMeant =
        "($1::text IS NULL OR topic = $1) AND ($2::text IS NULL OR key = $2) "
            + "AND ($3::text IS NULL OR strpos(reason, $3) > 0)";

    /// <summary>What tells one event of a reason from another: ids and numbers.</summary>
    private const string Sameness =
        "regexp_replace(reason, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+', '*', 'gi')";

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

    /// <summary>Those that are meant, in the order in which they were parked.</summary>
    /// <param name="after">Behind this id.</param>
    public static void List(RoundTrip trip, ParkedSelection of, long after, int limit, Action<ParkedRecord> found) =>
        trip.Read(
            $"""
            SELECT id, partition, position, value, headers::text, reason, parked_at, blocks, topic, key FROM parked
            WHERE {IsMeant} AND id > $4 ORDER BY id LIMIT $5
            """,
            row => found(new(row.GetInt64(0), row.GetDateTime(6), row.GetString(5), row.GetBoolean(7),
                Restored(row.GetString(8), row.GetInt32(1), row.GetInt64(2), row.GetString(9),
                    row.IsDBNull(3) ? null : (byte[])row[3], row.GetString(4)))),
            [.. Parameters(of), RoundTrip.Value(after), RoundTrip.Value(limit)]);

    /// <summary>Why the meant ones are parked, the oldest reason first.</summary>
    public static void Reasons(RoundTrip trip, ParkedSelection of, Action<ParkedReason> found) => trip.Read(
        $"""
        SELECT topic, {Sameness} AS same, count(*), count(DISTINCT key), min(parked_at) FROM parked
        WHERE {IsMeant} GROUP BY topic, same ORDER BY min(id)
        """,
        row => found(new(row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.GetDateTime(4))),
        Parameters(of));

    /// <summary>The keys of those that are meant, the longest parked first.</summary>
    public static void Keys(RoundTrip trip, ParkedSelection of, Action<string, string> found) => trip.Read(
        $"SELECT topic, key FROM parked WHERE {IsMeant} GROUP BY topic, key ORDER BY min(id)",
        row => found(row.GetString(0), row.GetString(1)), Parameters(of));

    /// <summary>How many are parked of each topic that has any, and since when the oldest is (UTC).</summary>
    public static void ByTopic(RoundTrip trip, Action<string, long, DateTime> found) => trip.Read(
        "SELECT topic, count(*), min(parked_at) FROM parked GROUP BY topic",
        row => found(row.GetString(0), row.GetInt64(1), row.GetDateTime(2)));

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

    /// <summary>Takes away all that are meant; how many there were is given when the round trip answers.</summary>
    public static void FreeAll(RoundTrip trip, ParkedSelection of, int most, string action, string who, string why,
        Action<long> freed) => trip.Read(
        $"""
        WITH gone AS (DELETE FROM parked WHERE id IN (
                SELECT id FROM parked WHERE {IsMeant} ORDER BY id LIMIT $4 FOR UPDATE) RETURNING *),
            kept AS (INSERT INTO freed (parked_id, topic, key, position, action, who, why)
                SELECT id, topic, key, position, $5, $6, $7 FROM gone)
        SELECT count(*) FROM gone
        """, row => freed(row.GetInt64(0)),
        [
            .. Parameters(of), RoundTrip.Value(most), RoundTrip.Value(action), RoundTrip.Value(who),
            RoundTrip.Value(why),
        ]);

    private static NpgsqlParameter[] Parameters(ParkedSelection of) =>
        [RoundTrip.Value(of.Topic), RoundTrip.Value(of.Key is { } key ? KeyOf(key) : null), RoundTrip.Value(of.Reason)];

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
