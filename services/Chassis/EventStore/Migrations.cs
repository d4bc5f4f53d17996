using System.Reflection;
using System.Runtime.ExceptionServices;
using Avro;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Dapper;
using DbUp;
using DbUp.Engine;
using DbUp.Engine.Output;
using DbUp.Postgresql;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Checkout.Chassis.EventStore;

/// <summary>
/// Brings a service's database to the newest numbered migration, and records what the store is: its topic, source,
/// pinned partition count, schemas.
/// </summary>
public sealed class Migrations(ILogger<Migrations> logger)
{
    /// <summary>
    /// Two instances that start at once must not migrate at once; the key is arbitrary, the lock is per database.
    /// </summary>
    private const long MigrationLock = 0x436865636B6F7574;

    /// <summary>
    /// A migration may have to read a large table; the data source's own time-out is for the traffic.
    /// </summary>
    private static readonly TimeSpan StatementTimeout = TimeSpan.FromHours(1);

    public async Task RunAsync(NpgsqlDataSource database, EventStoreOptions store, Assembly service,
        IEnumerable<RecordSchema> schemas, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync("SELECT pg_advisory_lock(@MigrationLock)", new { MigrationLock });
        try
        {
            Upgrade(database, service);
            await PinAsync(connection, store);
            await KeepSchemasAsync(connection, schemas);
        }
        finally
        {
            await connection.ExecuteAsync("SELECT pg_advisory_unlock(@MigrationLock)", new { MigrationLock });
        }
    }

    private void Upgrade(NpgsqlDataSource database, Assembly service)
    {
        // With connections of the data source: its ConnectionString has no password.
        var result = DeployChanges.To.PostgresqlDatabase(new PostgresqlConnectionManager(database))
            .WithScriptsEmbeddedInAssemblies([typeof(Migrations).Assembly, service],
                name => name.EndsWith(".sql", StringComparison.Ordinal))
            .WithScriptNameComparer(Comparer<string>.Create((a, b) => string.CompareOrdinal(FileName(a), FileName(b))))
            .JournalToPostgresqlTable("public", "migrations")
            .WithVariablesDisabled()
            .WithTransactionPerScript()
            .WithExecutionTimeout(StatementTimeout)
            .LogTo(new QuietLog(logger))
            .Build()
            .PerformUpgrade();
        if (result.Successful) return;
        if (Outage.IsOutage(result.Error)) ExceptionDispatchInfo.Throw(result.Error);
        throw new InvalidOperationException($"Migration {result.ErrorScript?.Name} failed: {result.Error.Message}",
            result.Error);
    }

    /// <summary>
    /// Checkout.Balance.Migrations.0101_accounts.sql → 0101_accounts.sql:
    /// numbers are unique over Chassis and service.
    /// </summary>
    private static string FileName(string resource) => string.Join('.', resource.Split('.')[^2..]);

    private static async Task PinAsync(NpgsqlConnection connection, EventStoreOptions store)
    {
        await connection.ExecuteAsync(
            """
            INSERT INTO head (topic, source, partitions, last)
            VALUES (@Topic, @Source, @Partitions, array_fill(0::bigint, ARRAY[@Partitions]))
            ON CONFLICT (only_row) DO NOTHING
            """, store);
        // Without statistics of its own the planner takes a one-row table for a large one.
        await connection.ExecuteAsync("ANALYZE head");
        var pinned = await connection.QuerySingleAsync<(string Topic, string Source, int Partitions)>(
            "SELECT topic, source, partitions FROM head");
        if (pinned != (store.Topic, store.Source, store.Partitions))
            throw new InvalidOperationException(
                $"This database is the event store of topic {pinned.Topic}, source {pinned.Source}, "
                    + $"{pinned.Partitions} partitions, but the settings say " +
                $"{store.Topic}, {store.Source}, {store.Partitions}. Correct EventStore:* or "
                    + "Database:ConnectionString; a store's identity can't change.");
    }

    private static async Task KeepSchemasAsync(NpgsqlConnection connection, IEnumerable<RecordSchema> schemas)
    {
        foreach (var schema in schemas)
            await connection.ExecuteAsync(
                "INSERT INTO schemas (fingerprint, name, schema) VALUES (@Fingerprint, @Name, @Schema) ON CONFLICT "
                    + "(fingerprint) DO NOTHING",
                new
                {
                    Fingerprint = EventCodec.Fingerprint(schema),
                    Name = schema.Fullname,
                    Schema = schema.ToString()
                });
    }

    /// <summary>DbUp reports each script; only what it did and what went wrong is worth a line.</summary>
    private sealed class QuietLog(ILogger logger) : IUpgradeLog
    {
        public void LogTrace(string format, params object[] args) { }
        public void LogDebug(string format, params object[] args) { }
        public void LogInformation(string format, params object[] args)
        {
            if (format.StartsWith("Executing", StringComparison.Ordinal))
                Log.Migrating(logger, string.Format(null, format, args));
        }
        public void LogWarning(string format, params object[] args) =>
            Log.MigrationWarning(logger, string.Format(null, format, args));
        public void LogError(string format, params object[] args) =>
            Log.MigrationError(logger, null, string.Format(null, format, args));
        public void LogError(Exception ex, string format, params object[] args) =>
            Log.MigrationError(logger, ex, string.Format(null, format, args));
    }
}
