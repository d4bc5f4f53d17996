using System.Data;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.State;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>What became of a step.</summary>
/// <param name="IsRoundOver">Whether every table has been compared since the round began.</param>
/// <param name="Difference">What was found in this step, in a sentence.</param>
internal readonly record struct ComparedStep(bool IsRoundOver, string? Difference);

/// <summary>
/// The state as the events lead to it, in temporary tables of one session, beside the live one: followed event by event
/// and compared page by page. A step is one short snapshot, in which the head says up to which event the live rows are.
/// </summary>
internal sealed class FollowedState<TRows> : IAsyncDisposable
{
    /// <summary>Of events or rows in one step: some milliseconds.</summary>
    public const int Page = 500;

    private readonly Choreography<TRows> _choreography;
    private readonly NpgsqlConnection _connection;
    private readonly StoredEvents<TRows> _events;
    private readonly List<Table> _tables;
    private Dictionary<long, Avro.Schema> _schemas = [];
    private int _table;
    private string?[]? _after;

    private FollowedState(Choreography<TRows> choreography, NpgsqlConnection connection)
    {
        (_choreography, _connection, _events) = (choreography, connection, new(choreography));
        _tables = [.. choreography.DeclaredTables().Where(table => table.IsRebuilt)];
    }

    /// <summary>The last event that it has.</summary>
    public long Position { get; private set; }

    /// <summary>Null where another session follows the state of this database.</summary>
    public static async Task<FollowedState<TRows>?> BeginAsync(Choreography<TRows> choreography,
        NpgsqlDataSource database, CancellationToken cancellation)
    {
        var connection = await database.OpenConnectionAsync(cancellation);
        var state = new FollowedState<TRows>(choreography, connection);
        try
        {
            if (await connection.ExecuteScalarAsync<bool>(
                "SELECT pg_try_advisory_lock(hashtext('the state is compared with its events'))"))
            {
                foreach (var table in state._tables)
                    await connection.ExecuteAsync($"CREATE TEMPORARY TABLE {table.Name} "
                        + $"(LIKE public.{table.Name} INCLUDING DEFAULTS INCLUDING INDEXES)");
                return state;
            }
        }
        catch
        {
            await state.DisposeAsync();
            throw;
        }
        await state.DisposeAsync();
        return null;
    }

    /// <summary>From the first event on, as if nothing had been followed.</summary>
    public async Task BeginAnewAsync(CancellationToken cancellation)
    {
        await _connection.ExecuteAsync(new CommandDefinition(
            $"TRUNCATE {string.Join(", ", _tables.Select(table => $"pg_temp.{table.Name}"))}",
            cancellationToken: cancellation));
        (Position, _table, _after) = (0, 0, null);
    }

    /// <summary>Applies the next events; where there are none beyond, compares the next rows.</summary>
    /// <exception cref="InvalidOperationException">The events lead to nothing, or to what this version does not know;
    /// or the store has another history than it had.</exception>
    public async Task<ComparedStep> StepAsync(CancellationToken cancellation)
    {
        await using var snapshot = await _connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        var head = await _connection.QuerySingleAsync<long>("SELECT position FROM public.head");
        if (head < Position) throw new InvalidOperationException("The store has another history than it had.");
        var (last, applied) = await ApplyAsync(cancellation);
        // Positions that were lost have no event: the head is behind the last all the same.
        var isThere = applied < Page;
        var step = isThere ? await CompareAsync(cancellation) : default;
        await snapshot.CommitAsync(cancellation);
        Position = isThere ? head : last;
        return step;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task<(long Last, int Applied)> ApplyAsync(CancellationToken cancellation)
    {
        var page = (await _connection.QueryAsync<(long Position, string Type, byte[] Payload)>(new CommandDefinition(
            """
            SELECT position, type, payload FROM public.events WHERE position > @Position
            ORDER BY position LIMIT @Page
            """, new { Position, Page }, cancellationToken: cancellation))).ToList();
        if (page.Count == 0) return (Position, 0);
        // A version may have been started since that tells of more.
        _schemas = await StoredEvents<TRows>.SchemasAsync(_connection);
        var events = page.ConvertAll(row => _events.Decode(row.Payload, row.Type, _schemas));
        var declared = new Rows();
        var rows = _choreography.RowsOf(declared);
        foreach (var e in events) declared.Ask(e);
        var reads = new RoundTrip();
        declared.LoadFrom(new PostgresRows(reads, "pg_temp"));
        await reads.RunAsync(_connection, cancellation);
        foreach (var e in events) _choreography.Describe(e).Change(rows, e);
        var writes = new RoundTrip();
        declared.SaveTo(new PostgresRows(writes, "pg_temp"));
        await writes.RunAsync(_connection, cancellation);
        return (page[^1].Position, page.Count);
    }

    /// <summary>The next rows of a table, by its key; what only the events have lies between their keys.</summary>
    private async Task<ComparedStep> CompareAsync(CancellationToken cancellation)
    {
        var table = _tables[_table];
        var (count, last, has, leadTo) = (0L, (string?[]?)null, (string?)null, (string?)null);
        var trip = new RoundTrip();
        trip.Read(Sql(table, isFirst: _after is null), row =>
        {
            count = row.GetInt64(0);
            last = [.. Enumerable.Range(3, row.FieldCount - 3).Select(i => Text(row, i))];
            (has, leadTo) = (Text(row, 1), Text(row, 2));
        }, [.. (_after ?? []).Select(RoundTrip.Value)]);
        await trip.RunAsync(_connection, cancellation);
        _after = count < Page ? null : last;
        if (_after is null) _table = (_table + 1) % _tables.Count;
        return new(_after is null && _table == 0,
            Difference.Sentence(has, leadTo) is { } found ? $"{table.Name}: {found}" : null);
    }

    private static string? Text(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>Of the columns that this version knows.</summary>
    private static string Sql(Table table, bool isFirst)
    {
        var keys = table.Declared.Where(column => column.IsKey).ToList();
        var key = string.Join(", ", keys.Select(column => column.Name));
        var all = string.Join(", ", table.Declared.Select(column => column.Name));
        var after = isFirst ? "true" : $"({key}) > ("
            + string.Join(", ", keys.Select((column, i) => $"CAST(CAST(${i + 1} AS text) AS {column.SqlType})")) + ")";
        return $"""
            WITH live AS MATERIALIZED (
                SELECT {all} FROM public.{table.Name} WHERE {after} ORDER BY {key} LIMIT {Page}),
            last AS (SELECT {key} FROM live ORDER BY {string.Join(", ", keys.Select(k => $"{k.Name} DESC"))} LIMIT 1),
            followed AS MATERIALIZED (
                SELECT {all} FROM pg_temp.{table.Name} WHERE {after}
                AND ((SELECT count(*) FROM live) < {Page} OR ({key}) <= (SELECT {key} FROM last)))
            SELECT (SELECT count(*) FROM live), found.has, found.lead_to,
                {string.Join(", ", keys.Select(k => $"last.{k.Name}::text"))}
            FROM (SELECT 1) one LEFT JOIN last ON true LEFT JOIN LATERAL (
                SELECT to_jsonb(live)::text AS has, to_jsonb(followed)::text AS lead_to
                FROM live FULL JOIN followed USING ({key})
                WHERE to_jsonb(live) IS DISTINCT FROM to_jsonb(followed) LIMIT 1) found ON true
            """;
    }
}
