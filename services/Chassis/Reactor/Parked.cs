using System.Text.Json;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Reactor;

/// <summary>A parked record and why it is there.</summary>
public sealed record ParkedRecord(long Id, DateTime ParkedAt, string Reason, Incoming Record);

/// <param name="Blocks">Whether what follows of its key waits for it.</param>
public sealed record ToPark(Incoming Record, string Reason, bool Blocks);

/// <summary>Records that could not be handled, with what follows them of their key.</summary>
public static class Parked
{
    public const string BehindAnother = "an earlier event of its key is parked";

    /// <summary>Which of these keys have something parked, so that nothing of theirs may pass it.</summary>
    public static async Task<HashSet<(string Topic, string Key)>> KeysAsync(
        NpgsqlConnection connection, IReadOnlyCollection<(string Topic, string Key)> of, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<(string, string)>(new CommandDefinition(
            "SELECT DISTINCT topic, key FROM parked WHERE blocks AND (topic, key) IN (SELECT * FROM unnest(@Topics, @Keys))",
            new { Topics = of.Select(k => k.Topic).ToArray(), Keys = of.Select(k => k.Key).ToArray() }, cancellationToken: cancellation));
        return rows.ToHashSet();
    }

    public static Task AddAsync(NpgsqlConnection connection, IReadOnlyCollection<ToPark> parked, CancellationToken cancellation) =>
        parked.Count == 0 ? Task.CompletedTask : connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO parked (topic, partition, position, key, value, headers, reason, blocks)
            SELECT topic, partition, position, key, value, headers::jsonb, reason, blocks
            FROM unnest(@Topics, @Partitions, @Positions, @Keys, @Values, @Headers, @Reasons, @Blocks) WITH ORDINALITY
                 AS p(topic, partition, position, key, value, headers, reason, blocks, ordinal)
            ORDER BY ordinal
            ON CONFLICT DO NOTHING
            """,
            new
            {
                Topics = parked.Select(p => p.Record.Topic).ToArray(),
                Partitions = parked.Select(p => p.Record.Partition).ToArray(),
                Positions = parked.Select(p => p.Record.Position).ToArray(),
                Keys = parked.Select(p => p.Record.Key).ToArray(),
                Values = parked.Select(p => p.Record.Value).ToArray(),
                Headers = parked.Select(p => Storable(JsonSerializer.Serialize(p.Record.Headers))).ToArray(),
                Reasons = parked.Select(p => Storable(p.Reason)).ToArray(),
                Blocks = parked.Select(p => p.Blocks).ToArray(),
            }, cancellationToken: cancellation));

    /// <summary>The oldest that is parked of a key, locked against another command at the same time.</summary>
    public static async Task<ParkedRecord?> FirstAsync(NpgsqlConnection connection, string topic, string key, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<(long Id, int Partition, long Position, byte[]? Value, string Headers, string Reason, DateTime ParkedAt)>(
            new CommandDefinition(
                """
                SELECT id, partition, position, value, headers::text, reason, parked_at FROM parked
                WHERE topic = @topic AND key = @key ORDER BY id LIMIT 1 FOR UPDATE
                """, new { topic, key }, cancellationToken: cancellation));
        return rows.Select(row => new ParkedRecord(row.Id, row.ParkedAt, row.Reason, Restored(topic, row.Partition, row.Position, key, row.Value, row.Headers))).SingleOrDefault();
    }

    public static Task<long> CountAsync(NpgsqlConnection connection, string topic, string key, CancellationToken cancellation) => connection.ExecuteScalarAsync<long>(
        new CommandDefinition("SELECT count(*) FROM parked WHERE topic = @topic AND key = @key", new { topic, key }, cancellationToken: cancellation));

    /// <summary>Takes a parked record away for good, and keeps who did it and why.</summary>
    public static Task FreeAsync(NpgsqlConnection connection, long id, string action, string who, string why, CancellationToken cancellation) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            WITH gone AS (DELETE FROM parked WHERE id = @id RETURNING *)
            INSERT INTO freed (parked_id, topic, key, position, action, who, why)
            SELECT id, topic, key, position, @action, @who, @why FROM gone
            """, new { id, action, who, why }, cancellationToken: cancellation));

    private static Incoming Restored(string topic, int partition, long position, string key, byte[]? value, string headersJson)
    {
        var headers = JsonSerializer.Deserialize<Dictionary<string, string>>(headersJson)!;
        var previous = headers.TryGetValue(WireFormat.EventHeaders.Previous, out var text) && long.TryParse(text, out var number) ? number : (long?)null;
        return new(topic, partition, Offset: -1, position, previous, key, value, headers);
    }

    /// <summary>PostgreSQL's text has no NUL; a foreign record may.</summary>
    private static string Storable(string text) => text.Replace("\0", "\uFFFD", StringComparison.Ordinal).Replace("\\u0000", "\\uFFFD", StringComparison.Ordinal);
}
