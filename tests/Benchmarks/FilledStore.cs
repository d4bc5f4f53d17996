using Checkout.Chassis.EventStore;
using Checkout.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Benchmarks;

/// <summary>An owner's event store, and beside it the outbox table that Debezium's users have.</summary>
internal sealed class FilledStore : IAsyncDisposable
{
    public const int Partitions = 12;
    public const string Outbox = "outbox";
    private const int BatchEvents = 1_000;

    private FilledStore(Owner owner, string connectionString)
    {
        (Owner, ConnectionString) = (owner, connectionString);
        Source = NpgsqlDataSource.Create(connectionString);
    }

    public Owner Owner { get; }
    public string ConnectionString { get; }
    public NpgsqlDataSource Source { get; }

    public static async Task<FilledStore> CreateAsync(PostgresServer server, Owner owner, CancellationToken cancel)
    {
        var store = new FilledStore(owner, await server.CreateDatabaseAsync(owner.Name, cancel));
        await new Migrations(NullLogger<Migrations>.Instance).RunAsync(
            store.Source, new(owner.Topic, $"/{owner.Name}/0", Partitions), typeof(FilledStore).Assembly, owner.Schemas,
            cancel);
        return store;
    }

    public async Task FillAsync(int events, CancellationToken cancel)
    {
        await using var connection = await Source.OpenConnectionAsync(cancel);
        for (var first = 0; first < events; first += BatchEvents)
            await EventLog.AppendAsync(connection,
                [.. Enumerable.Range(first, Math.Min(BatchEvents, events - first)).Select(Owner.Event)], cancel);
        await SqlAsync("VACUUM ANALYZE events", cancel);
    }

    /// <summary>
    /// A plain outbox, inserted into and never updated; the columns beside key and payload become headers, as LogTailer
    /// has them.
    /// </summary>
    public Task MakeOutboxAsync(CancellationToken cancel) => SqlAsync($"""
        CREATE TABLE {Outbox} (
            event_id uuid PRIMARY KEY, topic text NOT NULL, key text NOT NULL, type text NOT NULL,
            occurred_at timestamptz NOT NULL,
            correlation_id text, causation_id uuid, traceparent text, payload bytea NOT NULL);
        CREATE PUBLICATION {Outbox} FOR TABLE {Outbox} WITH (publish = 'insert');
        """, cancel);

    /// <summary>
    /// The same events into the event store and the outbox, in one transaction: who reads which starts from the same
    /// commit.
    /// </summary>
    public static async Task AppendToBothAsync(NpgsqlConnection connection, IReadOnlyList<NewEvent> events,
        string outboxTopic, CancellationToken cancel)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var insert = new NpgsqlCommand($"""
            INSERT INTO {Outbox}
                (event_id, topic, key, type, occurred_at, correlation_id, causation_id, traceparent, payload)
            SELECT e.event_id, $1, e.key, e.type, e.occurred_at,
                   e.correlation_id, e.causation_id, e.traceparent, e.payload
            FROM unnest($2, $3, $4, $5, $6, $7, $8, $9) 
                AS e(event_id, key, type, occurred_at, correlation_id, causation_id, traceparent, payload)
            """, connection);
        insert.Parameters.Add(new() { Value = outboxTopic });
        Add(e => e.EventId, NpgsqlDbType.Uuid);
        Add(e => e.Key, NpgsqlDbType.Text);
        Add(e => e.Type, NpgsqlDbType.Text);
        Add(e => e.OccurredAt, NpgsqlDbType.TimestampTz);
        Add(e => e.CorrelationId, NpgsqlDbType.Text);
        Add(e => e.CausationId, NpgsqlDbType.Uuid);
        Add(e => e.TraceParent, NpgsqlDbType.Text);
        Add(e => e.Payload, NpgsqlDbType.Bytea);
        await insert.ExecuteNonQueryAsync(cancel);
        await EventLog.AppendAsync(connection, events, cancel);
        await transaction.CommitAsync(cancel);

        void Add<T>(Func<NewEvent, T> column, NpgsqlDbType type) =>
            insert.Parameters.Add(
                new() { Value = events.Select(column).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type });
    }

    /// <summary>The position of the last event.</summary>
    public async Task<long> PositionAsync(CancellationToken cancel)
    {
        await using var command = Source.CreateCommand("SELECT position FROM head");
        return (long)(await command.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>When each event after this position was committed, by the server's own record.</summary>
    public async Task<Dictionary<Guid, DateTime>> CommitsAfterAsync(long position, CancellationToken cancel)
    {
        await using var command =
            Source.CreateCommand("SELECT event_id, pg_xact_commit_timestamp(xmin) FROM events WHERE position > $1");
        command.Parameters.Add(new() { Value = position });
        await using var row = await command.ExecuteReaderAsync(cancel);
        var commits = new Dictionary<Guid, DateTime>();
        while (await row.ReadAsync(cancel)) commits[row.GetGuid(0)] = row.GetDateTime(1);
        return commits;
    }

    public async Task SqlAsync(string sql, CancellationToken cancel)
    {
        await using var command = Source.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancel);
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
