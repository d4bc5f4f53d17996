using Checkout.Chassis.State;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Refilling;

/// <summary>What was done to the events of a store.</summary>
/// <param name="First">The first position that was missing or another's; null where there was none.</param>
/// <param name="Through">Where the store ends now.</param>
/// <param name="Lost">Positions up to there that no event has, as PostgreSQL writes a multirange.</param>
internal sealed record Completed(long? First, long Through, long Added, long SetAside, string Lost);

/// <summary>
/// Completes the events of a store by those of its topic (<see cref="StagedTopic"/>), in one transaction: all or
/// nothing.
/// </summary>
/// <param name="refill">The row of refills that it is done for.</param>
/// <param name="declared">The service's tables of state.</param>
internal sealed class Completion(NpgsqlConnection connection, long refill, IReadOnlyList<Table> declared)
{
    /// <summary>
    /// Both have the event, and it is the same. Ids follow from the causes, and not from the outcome.
    /// </summary>
    private const string Same =
        """
        t.position = e.position AND NOT t.repeats AND t.event_id = e.event_id AND t.type = e.type
        AND t.partition = e.partition AND t.previous = e.previous
        AND substring(t.payload FROM 11) = substring(e.payload FROM 11)
        """;

    private const string Columns = "position, previous, partition, event_id, key, type, occurred_at, correlation_id, "
        + "causation_id, traceparent, tracestate, payload";

    public async Task<Completed> RunAsync(CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // Appends wait at the head, and find the refill when they get it: the log has all that came before.
        await connection.ExecuteAsync("SELECT FROM head FOR UPDATE");
        await connection.ExecuteAsync("UPDATE refills SET log_end = pg_current_wal_insert_lsn() WHERE id = @refill",
            new { refill });
        var first = await QueryAsync<long?>($"""
            SELECT min(t.position) FROM topic_events t
            WHERE NOT t.repeats AND NOT EXISTS (SELECT FROM events e WHERE {Same})
            """);
        var (setAside, added) = first is { } from ? (await SetAsideAsync(from), await AppendAsync()) : (0, 0);
        if (setAside > 0) await BeginAnewAsync();
        var through = await MoveHeadAsync();
        var lost = await QueryAsync<string>(
            """
            SELECT coalesce(range_agg(int8range(before + 1, position)), '{}')::text
            FROM (SELECT position, lag(position, 1, 0) OVER (ORDER BY position) AS before FROM events) e
            WHERE position > before + 1
            """);
        await connection.ExecuteAsync(
            """
            UPDATE refills SET first = coalesce(first, @first), through = @through, added = added + @added,
                set_aside = set_aside + @setAside, lost = @lost WHERE id = @refill
            """, new { first, through, added, setAside, lost, refill });
        await transaction.CommitAsync(cancellation);
        return new(first, through, added, setAside, lost!);
    }

    /// <summary>
    /// Up to the first missing event the store is of the same history as its topic, and what it has there that was not
    /// published yet is good; what was appended behind it was so on another. Before it, what the topic passed over on
    /// its partition, or has at another position, was so too.
    /// </summary>
    private Task<long> SetAsideAsync(long first) => QueryAsync<long>(
        $"""
        WITH begins AS (SELECT partition, min(position) AS first, max(position) AS last FROM topic_events
                        WHERE NOT repeats GROUP BY partition),
        gone AS (DELETE FROM events e WHERE NOT EXISTS (SELECT FROM topic_events t WHERE {Same})
            AND (e.position >= @first
                OR EXISTS (SELECT FROM begins b
                           WHERE b.partition = e.partition AND e.position > b.first AND e.position < b.last)
                OR EXISTS (SELECT FROM topic_events t WHERE t.event_id = e.event_id AND NOT t.repeats))
            RETURNING *),
        kept AS (INSERT INTO set_aside (refill_id, {Columns}) SELECT @refill, {Columns} FROM gone)
        SELECT count(*) FROM gone
        """, new { first, refill });

    private async Task<long> AppendAsync() => await connection.ExecuteAsync(
        $"""
        INSERT INTO events ({Columns})
        SELECT {Columns} FROM topic_events t
        WHERE NOT t.repeats AND NOT EXISTS (SELECT FROM events e WHERE e.position = t.position)
        ORDER BY t.position
        """, commandTimeout: 0);

    /// <summary>
    /// What was handled led to events that are no more: all comes past again, and what is answered is told no second
    /// time. What was only written down of it is written down again.
    /// </summary>
    private async Task BeginAnewAsync()
    {
        await connection.ExecuteAsync("DELETE FROM handled");
        foreach (var table in declared.Where(table => table is { IsRebuilt: false, Use: Use.WriteOnly }))
            await connection.ExecuteAsync($"DELETE FROM {table.Name}", commandTimeout: 0);
        foreach (var table in declared.Where(table => table.Of is not null))
            await connection.ExecuteAsync(
                $"""
                DELETE FROM {table.Name} t WHERE t.{table.Of}::text IN (
                    SELECT correlation_id FROM set_aside WHERE refill_id = @refill AND correlation_id IS NOT NULL
                    EXCEPT SELECT correlation_id FROM events WHERE correlation_id IS NOT NULL)
                """, new { refill }, commandTimeout: 0);
    }

    private Task<long> MoveHeadAsync() => QueryAsync<long>(
        """
        WITH ends AS (SELECT partition, max(position) AS position FROM events GROUP BY partition)
        UPDATE head SET position = coalesce((SELECT max(position) FROM ends), 0),
            last = (SELECT array_agg(coalesce(ends.position, 0) ORDER BY p)
                    FROM generate_series(0, head.partitions - 1) AS p LEFT JOIN ends ON ends.partition = p)
        RETURNING position
        """);

    private async Task<T?> QueryAsync<T>(string sql, object? parameters = null) =>
        await connection.ExecuteScalarAsync<T>(sql, parameters, commandTimeout: 0);
}
