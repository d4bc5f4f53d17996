using System.Reflection;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Checkout.Chassis.EventStore;

/// <summary>
/// Waits for the database, migrates it, and then tells who waits for it. A service without a database is alive, and not
/// ready.
/// </summary>
public sealed class DatabaseReady(
    NpgsqlDataSource database, Migrations migrations, EventStoreOptions store, Assembly service,
    IEnumerable<Avro.RecordSchema> schemas, ILogger<DatabaseReady> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource _migrated = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the database is at the newest migration.</summary>
    public Task Migrated => _migrated.Task;

    /// <exception cref="UnusableDatabaseException">Waiting changes nothing.</exception>
    public async Task MigrateAsync(CancellationToken cancellation)
    {
        var waiting = Outage.WaitedOut((e, delay) => Log.WaitingForDatabase(logger, e.Message, delay.TotalMilliseconds),
            TimeProvider.System);
        await waiting.ExecuteAsync(async token =>
        {
            await Database.MustKeepSessionsAsync(database, token);
            await migrations.RunAsync(database, store, service, schemas, token);
        }, cancellation);
        _migrated.TrySetResult();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => MigrateAsync(stoppingToken);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        if (!_migrated.Task.IsCompletedSuccessfully)
            return HealthCheckResult.Unhealthy("the database is not migrated yet");
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
