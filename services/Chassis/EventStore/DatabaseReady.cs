using System.Reflection;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.State;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Polly;

namespace Checkout.Chassis.EventStore;

/// <summary>
/// Waits for the database, migrates it where its role may, and then tells who waits for it. A service without a
/// database is alive, and not ready.
/// </summary>
public sealed class DatabaseReady(
    NpgsqlDataSource database, Migrations migrations, EventStoreOptions store, Assembly service,
    IEnumerable<Avro.RecordSchema> schemas, ILogger<DatabaseReady> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource _migrated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string _why = "the database is not migrated yet";

    /// <summary>The service's own tables of state.</summary>
    public IReadOnlyList<Table> Declared { get; init; } = [];

    /// <summary>Who gets rights on what is migrated.</summary>
    public StoreRoles Roles { get; init; } = StoreRoles.None;

    /// <summary>Of the role that owns the store; null where that is the service's own.</summary>
    public NpgsqlDataSource? Owner { get; init; }

    /// <summary>Ends when the database is at the newest migration.</summary>
    public Task Migrated => _migrated.Task;

    /// <summary>For a command: who may not migrate needs a database that is migrated.</summary>
    /// <exception cref="UnusableDatabaseException">Waiting changes nothing.</exception>
    public async Task MigrateAsync(CancellationToken cancellation)
    {
        try
        {
            await WaitAsync(Outage.IsOutage, cancellation);
        }
        catch (NotMigratedException e)
        {
            throw new UnusableDatabaseException(e.Message, e);
        }
    }

    /// <summary>As the role that owns the store; gives the others their rights.</summary>
    /// <exception cref="UnusableDatabaseException">Waiting changes nothing.</exception>
    public async Task MigrateAsOwnerAsync(CancellationToken cancellation)
    {
        var owner = Owner ?? database;
        await Waiting(Outage.IsOutage).ExecuteAsync(async token =>
        {
            await Database.MustKeepSessionsAsync(owner, token);
            await using var connection = await owner.OpenConnectionAsync(token);
            var mayMigrate = await StoreRoles.MayMigrateAsync(connection);
            await connection.CloseAsync();
            if (!mayMigrate)
                throw new UnusableDatabaseException($"The role {connection.UserName} may not migrate "
                    + $"{connection.Database}: give the connection string of the role that owns its tables as "
                    + "Database:MigrationConnectionString.");
            await migrations.RunAsync(owner, store, service, schemas, token, Roles, Declared);
        }, cancellation);
    }

    /// <summary>Who serves waits until somebody has migrated the database who may.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        WaitAsync(e => e is NotMigratedException || Outage.IsOutage(e), stoppingToken);

    private async Task WaitAsync(Func<Exception, bool> isWaitedOut, CancellationToken cancellation)
    {
        await Waiting(isWaitedOut).ExecuteAsync(async token =>
        {
            await Database.MustKeepSessionsAsync(database, token);
            await using var connection = await database.OpenConnectionAsync(token);
            if (!await StoreRoles.MayMigrateAsync(connection))
            {
                await Migrations.MustBeMigratedAsync(connection, store, service, schemas, Declared);
                return;
            }
            await connection.CloseAsync();
            await migrations.RunAsync(database, store, service, schemas, token, Roles, Declared);
        }, cancellation);
        _migrated.TrySetResult();
    }

    private ResiliencePipeline Waiting(Func<Exception, bool> isWaitedOut) => Outage.WaitedOut((e, delay) =>
    {
        if (e is not NotMigratedException) Log.WaitingForDatabase(logger, e.Message, delay.TotalMilliseconds);
        // Said once for as long as it stays so.
        else if (_why != e.Message) Log.NotMigrated(logger, _why = e.Message);
    }, TimeProvider.System, isWaitedOut);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        if (!_migrated.Task.IsCompletedSuccessfully)
            return HealthCheckResult.Unhealthy(_why);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(PingTimeout);
        try
        {
            await using var ping = database.CreateCommand("SELECT 1");
            await ping.ExecuteScalarAsync(timeout.Token);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (Outage.IsOutage(e) || e is OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy($"the database does not answer: {e.Message}");
        }
    }
}
