using System.Reflection;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Checkout.Observer;

/// <summary>
/// Waits for the Observer's database and migrates it, which its role owns: nobody else's facts are in it.
/// </summary>
public sealed class ObserverDatabase(NpgsqlDataSource database, Migrations migrations, ILogger<ObserverDatabase> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource _migrated = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the database is at the newest migration.</summary>
    public Task Migrated => _migrated.Task;

    /// <exception cref="UnusableDatabaseException">Waiting changes nothing.</exception>
    public async Task MigrateAsync(CancellationToken cancellation)
    {
        await Outage.WaitedOut((e, delay) => Log.Waits(logger, e.Message, delay.TotalMilliseconds),
            TimeProvider.System).ExecuteAsync(async token =>
        {
            await Database.MustKeepSessionsAsync(database, token);
            await migrations.RunAsync(database, Assembly.GetExecutingAssembly(), token);
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
