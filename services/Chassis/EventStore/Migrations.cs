using System.Reflection;
using System.Runtime.ExceptionServices;
using Avro;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.State;
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

    /// <summary>Of a database that is no event store: the scripts of its process alone.</summary>
    public async Task RunAsync(NpgsqlDataSource database, Assembly process, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync("SELECT pg_advisory_lock(@MigrationLock)", new { MigrationLock });
        try
        {
            Upgrade(database, [process]);
        }
        finally
        {
            await connection.ExecuteAsync("SELECT pg_advisory_unlock(@MigrationLock)", new { MigrationLock });
        }
    }

    /// <param name="roles">Who gets rights on what is there then, on the declared tables too.</param>
    public async Task RunAsync(NpgsqlDataSource database, EventStoreOptions store, Assembly service,
        IEnumerable<RecordSchema> schemas, CancellationToken cancellation, StoreRoles? roles = null,
        IReadOnlyList<Table>? declared = null)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync("SELECT pg_advisory_lock(@MigrationLock)", new { MigrationLock });
        try
        {
            Upgrade(database, [typeof(Migrations).Assembly, service]);
            await PinAsync(connection, store);
            await KeepSchemasAsync(connection, schemas);
            await (roles ?? StoreRoles.None).GrantAsync(connection, declared ?? []);
        }
        finally
        {
            await connection.ExecuteAsync("SELECT pg_advisory_unlock(@MigrationLock)", new { MigrationLock });
        }
    }

    /// <summary>
    /// Whether a service can serve by a role that may not migrate. Later migrations than its own only add.
    /// </summary>
    /// <exception cref="NotMigratedException">Something is missing; the message says what, and what to do.</exception>
    public static async Task MustBeMigratedAsync(NpgsqlConnection connection, EventStoreOptions store, Assembly service,
        IEnumerable<RecordSchema> schemas, IReadOnlyList<Table> declared)
    {
        try
        {
            var done = (await connection.QueryAsync<string>("SELECT scriptname FROM migrations"))
                .Select(FileName).ToHashSet();
            var first = Scripts(service).Order(StringComparer.Ordinal).FirstOrDefault(name => !done.Contains(name));
            if (first is not null) throw NotMigrated(connection, $"it lacks {first}");
            await MustBePinnedAsync(connection, store);
            var kept = (await connection.QueryAsync<byte[]>("SELECT fingerprint FROM schemas"))
                .Select(Convert.ToHexString).ToHashSet();
            if (schemas.FirstOrDefault(schema => !kept.Contains(Convert.ToHexString(EventCodec.Fingerprint(schema))))
                is { } unknown)
                throw NotMigrated(connection, $"it lacks this version's schema of {unknown.Name}");
            if (await StoreRoles.MissingAsync(connection, Rights.OfServing(declared)) is { Count: > 0 } missing)
                throw NotMigrated(connection, $"it does not give this role {string.Join(", ", missing)}");
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidSchemaName)
        {
            throw NotMigrated(connection, e.MessageText);
        }
    }

    private static NotMigratedException NotMigrated(NpgsqlConnection connection, string why) =>
        new($"The database {connection.Database} is not migrated for this version ({why}), and the role "
            + $"{connection.UserName} may not do that: run the command migrate of this version with "
            + "Database:MigrationConnectionString of the role that owns the tables, and "
            + $"Database:ServingRole={connection.UserName}.");

    private static IEnumerable<string> Scripts(Assembly service) =>
        new[] { typeof(Migrations).Assembly, service }.Distinct()
            .SelectMany(assembly => assembly.GetManifestResourceNames()).Where(IsScript).Select(FileName);

    private static bool IsScript(string resource) => resource.EndsWith(".sql", StringComparison.Ordinal);

    private void Upgrade(NpgsqlDataSource database, Assembly[] scripts)
    {
        // With connections of the data source: its ConnectionString has no password.
        var result = DeployChanges.To.PostgresqlDatabase(new PostgresqlConnectionManager(database))
            .WithScriptsEmbeddedInAssemblies(scripts, IsScript)
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
        await MustBePinnedAsync(connection, store);
    }

    private static async Task MustBePinnedAsync(NpgsqlConnection connection, EventStoreOptions store)
    {
        var pinned = await connection.QuerySingleOrDefaultAsync<(string Topic, string Source, int Partitions)>(
            "SELECT topic, source, partitions FROM head");
        if (pinned == default) throw NotMigrated(connection, "its head is empty");
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
