using System.Diagnostics.Metrics;
using Checkout.Chassis.Kafka;
using Checkout.Fixtures;
using Checkout.Servers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace Checkout.Chassis.Tests.Kafka;

public sealed class BrokerWatchTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Brokers_that_are_frozen_or_stopped_degrade_health_and_the_reason_goes_when_they_are_back()
    {
        await using var broker = InMemoryBroker.Start();
        await using var proxy = KafkaProxy.Before(broker.Bootstrap);
        await using var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var watch = new BrokerWatch(new() { BootstrapServers = proxy.Bootstrap },
            meters.GetRequiredService<IMeterFactory>(), TimeProvider.System);
        await watch.StartAsync(Cancel);
        await UntilAsync(HealthStatus.Healthy);

        proxy.Freeze();
        await UntilAsync(HealthStatus.Degraded);
        Assert.Contains("has answered for", (await HealthAsync()).Description, StringComparison.Ordinal);
        proxy.Thaw();
        await UntilAsync(HealthStatus.Healthy);

        await proxy.StopAsync();
        await UntilAsync(HealthStatus.Degraded);
        proxy.Start();
        await UntilAsync(HealthStatus.Healthy);
        await watch.StopAsync(Cancel);

        Task<HealthCheckResult> HealthAsync() => watch.CheckHealthAsync(new(), Cancel);
        Task UntilAsync(HealthStatus status) =>
            Eventually.Until(async () => (await HealthAsync()).Status == status, $"{status}");
    }
}
