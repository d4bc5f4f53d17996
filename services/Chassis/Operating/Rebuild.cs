using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.State;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>
/// Makes the state again from the events, in a shadow copy, and compares. The live state is copied in one short
/// snapshot together with the head's position; the events up to it are then read in pages, so that no long transaction
/// slows the service.
/// </summary>
public sealed class Rebuild<TRows>(Choreography<TRows> choreography, string connectionString)
{
    private const string Shadow = "shadow";
    /// <summary>Of one database, where there is one shadow; the key is arbitrary.</summary>
    private const long Lock = 0x52656275696C64;
    private const int PageEvents = 2_000;

    private readonly IReadOnlyList<Table> _tables =
        [.. choreography.DeclaredTables().Where(table => table.IsRebuilt)];
    private readonly StoredEvents<TRows> _events = new(choreography);

    /// <summary>
    /// 0 where the rebuilt state equals the live one, 1 where it does not; then the first difference is named.
    /// </summary>
    /// <remarks>1 too where another rebuild is under way; it is said which.</remarks>
    /// <param name="hand">By whom and why rebuilt rows are put in the place of others: then 0 where they are.</param>
    public async Task<int> RunAsync(int workers, TextWriter output, CancellationToken cancellation, Hand? hand = null)
    {
        await using var live = new NpgsqlDataSourceBuilder(connectionString)
        {
            ConnectionStringBuilder =
            {
                ApplicationName = $"rebuild on {Environment.MachineName}, process {Environment.ProcessId}",
            },
        }.Build();
        // Of a transaction and not of a session, which a pool in between may give to another. It has no snapshot.
        await using var turn = await live.OpenConnectionAsync(cancellation);
        await using var held = await turn.BeginTransactionAsync(cancellation);
        if (await OtherAsync(turn) is { } other)
        {
            await output.WriteLineAsync($"Another rebuild of this database is under way ({other}): wait for it, or end "
                + "it, and run this again.");
            return 1;
        }
        // By its name, and not by a session's search path: a pool in between may drop that, and what is rebuilt would
        // be added to the live rows.
        var shadow = new Transactions<TRows>(choreography, new(choreography.Topic, "", 1), live,
            TimeProvider.System, NullLogger<Transactions<TRows>>.Instance)
        { Schema = Shadow };
        var end = await CopyLiveAsync(live, cancellation);
        await output.WriteLineAsync($"Rebuilding {string.Join(", ", _tables.Select(table => table.Name))} from {end} "
            + $"events with {workers} workers.");
        await ReplayAsync(0, end);
        if (hand is not null)
        {
            // What was appended meanwhile, before others wait for it.
            var head = await HeadAsync(live, cancellation);
            await ReplayAsync(end, head);
            end = head;
        }
        var code = hand is null ? await CompareAsync(live, output, cancellation)
            : await ReplaceAsync(live, end, ReplayAsync, hand, output, cancellation);
        await using var connection = await live.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync($"DROP SCHEMA {Shadow} CASCADE");
        return code;

        async Task ReplayAsync(long after, long through)
        {
            if (after == through) return;
            var partitions = await live.CreateCommand("SELECT partitions FROM head")
                .ExecuteScalarAsync(cancellation) as int? ?? 0;
            Dictionary<long, Avro.Schema> schemas;
            await using (var connection = await live.OpenConnectionAsync(cancellation))
                schemas = await StoredEvents<TRows>.SchemasAsync(connection);
            await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => this.ReplayAsync(live, shadow, schemas,
                Enumerable.Range(0, partitions).Where(p => p % workers == worker).ToArray(), after, through,
                cancellation)));
        }
    }

    /// <summary>Who makes the shadow now; null where that is this one from here on.</summary>
    private static async Task<string?> OtherAsync(NpgsqlConnection turn)
    {
        await turn.ExecuteAsync("SET LOCAL idle_in_transaction_session_timeout = 0");
        if (await turn.ExecuteScalarAsync<bool>("SELECT pg_try_advisory_xact_lock(@Lock)", new { Lock })) return null;
        return await turn.ExecuteScalarAsync<string?>(
            """
            SELECT format('%s, role %s, since %s', a.application_name, a.usename, a.xact_start)
            FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32 | l.objid::bigint) = @Lock
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            LIMIT 1
            """, new { Lock }) ?? "it has ended just now";
    }

    private static async Task<long> HeadAsync(NpgsqlDataSource live, CancellationToken cancellation)
    {
        await using var connection = await live.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleAsync<long>("SELECT position FROM head");
    }

    private async Task<long> CopyLiveAsync(NpgsqlDataSource live, CancellationToken cancellation)
    {
        await using var connection = await live.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync($"DROP SCHEMA IF EXISTS {Shadow} CASCADE; CREATE SCHEMA {Shadow}");
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead,
            cancellation);
        var end = await connection.QuerySingleAsync<long>("SELECT position FROM head");
        foreach (var table in _tables.Select(table => table.Name))
        {
            // Without checks: partitions are replayed side by side, so stock may be taken before the events that added
            // it.
            await connection.ExecuteAsync(
                $"CREATE TABLE {Shadow}.live_{table} AS SELECT * FROM public.{table}; CREATE TABLE {Shadow}.{table} "
                    + $"(LIKE public.{table} INCLUDING DEFAULTS INCLUDING INDEXES)");
        }
        await transaction.CommitAsync(cancellation);
        return end;
    }

    private async Task ReplayAsync(
        NpgsqlDataSource live, Transactions<TRows> shadow, Dictionary<long, Avro.Schema> schemas, int[] partitions,
        long after, long end, CancellationToken cancellation)
    {
        await using var connection = await live.OpenConnectionAsync(cancellation);
        while (true)
        {
            var page = (await connection.QueryAsync<(long Position, string Type, byte[] Payload)>(new CommandDefinition(
                """
                SELECT position, type, payload FROM events
                WHERE position > @after AND position <= @end AND partition = ANY(@partitions)
                ORDER BY position LIMIT @PageEvents
                """, new { after, end, partitions, PageEvents }, cancellationToken: cancellation))).ToList();
            if (page.Count == 0) return;
            await ApplyAsync(shadow, page.ConvertAll(row => _events.Decode(row.Payload, row.Type, schemas)),
                cancellation);
            after = page[^1].Position;
        }
    }

    private static Task ApplyAsync(Transactions<TRows> shadow, IReadOnlyList<Avro.Specific.ISpecificRecord> events,
        CancellationToken cancellation) =>
        // Two workers may make the same new row: the loser reads it and goes on.
        shadow.RunAsync(async (transaction, token) =>
        {
            await transaction.LoadAsync(events, token);
            foreach (var e in events) transaction.Apply(e);
            await transaction.CommitAsync(token);
            return true;
        }, cancellation);

    private async Task<int> CompareAsync(NpgsqlDataSource live, TextWriter output, CancellationToken cancellation)
    {
        await using var connection = await live.OpenConnectionAsync(cancellation);
        var differs = false;
        foreach (var table in _tables.Select(table => table.Name))
        {
            var rows = await connection.ExecuteScalarAsync<long>($"SELECT count(*) FROM {Shadow}.live_{table}");
            var difference = await Difference.OfAsync(connection, $"{Shadow}.live_{table}", $"{Shadow}.{table}");
            differs |= difference is not null;
            await output.WriteLineAsync(difference is null
                ? $"{table}: {rows} rows, equal." : $"{table}: first difference: {difference}");
        }
        return differs ? 1 : 0;
    }

    /// <summary>1 where the database does not take the rows.</summary>
    private async Task<int> ReplaceAsync(NpgsqlDataSource live, long end, Func<long, long, Task> replay, Hand hand,
        TextWriter output, CancellationToken cancellation)
    {
        try
        {
            await new Replacing(_tables, Shadow, replay).RunAsync(live, end, hand, output, cancellation);
            return 0;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.CheckViolation)
        {
            await output.WriteLineAsync($"Nothing was replaced: the events lead to a row that {e.TableName} does not "
                + $"take ({e.ConstraintName}: {e.Detail}). An event that others built on is missing: what it told has "
                + "to be given again by the operators' command for it.");
            return 1;
        }
    }
}
