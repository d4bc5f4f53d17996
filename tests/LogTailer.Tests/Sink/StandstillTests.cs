using Checkout.Fixtures;
using Checkout.Servers;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>Publication that stands, for whatever reason, is seen, and does not stand for ever.</summary>
public sealed class StandstillTests(PostgresFixture postgres)
{
    private static readonly WatchOptions Watch = new()
    {
        LongestStandstill = TimeSpan.FromSeconds(3),
        LongestLag = TimeSpan.FromSeconds(2)
    };

    [Fact]
    public async Task Events_that_the_client_has_and_never_sees_acknowledged_are_another_clients_while_brokers_answer()
    {
        await using var broker = InMemoryBroker.Start();
        await using var proxy = KafkaProxy.Before(broker.Bootstrap);
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var tail = new RunningTail(store, proxy.Bootstrap, watch: Watch);
        await tail.UntilAsync(TailState.Active);
        await store.AppendAsync(new Sample("a"), new Sample("b"));
        await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, SampleStore.Partitions, 2);
        await Eventually.Until(() => tail.Status.Lag.Now is { Events: 0 }, "nothing is behind");
        Assert.Equal(HealthStatus.Healthy, (await HealthAsync(tail)).Status);

        proxy.Swallow(KafkaRequest.Produce);
        await store.AppendAsync(new Sample("a"), new Sample("b"), new Sample("c"));
        await Eventually.Until(async () => (await HealthAsync(tail)).Status == HealthStatus.Degraded,
            "the lag degrades health");
        Assert.Contains("3 events are not acknowledged, the oldest for ", (await HealthAsync(tail)).Description,
            StringComparison.Ordinal);
        await Eventually.Until(() => tail.Lines.Contains(
            "3 events were handed to the Kafka client, and the oldest was not acknowledged"), "the session ends");
        proxy.LetPass(KafkaRequest.Produce);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await Eventually.Until(async () => (await HealthAsync(tail)).Status == HealthStatus.Healthy,
            "health is told again");
    }

    [Fact]
    public async Task Events_of_one_partition_that_stand_while_the_others_go_are_another_clients_too()
    {
        await using var broker = InMemoryBroker.Start();
        await using var proxy = KafkaProxy.Before(broker.Bootstrap);
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var tail = new RunningTail(store, proxy.Bootstrap, watch: Watch);
        await tail.UntilAsync(TailState.Active);
        proxy.SwallowProduce(partition: 0);
        await Eventually.Until(async () =>
        {
            await store.AppendAsync([.. Enumerable.Range(0, 8).Select(k => new Sample($"key {k}"))]);
            return tail.Lines.Contains("the oldest was not acknowledged");
        }, "the session ends");
        Assert.True(tail.Lines.Contains("partition 0 answers"));
        proxy.LetPass(KafkaRequest.Produce);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task Brokers_that_are_away_end_no_session_and_show_as_lag()
    {
        await using var broker = InMemoryBroker.Start();
        await using var proxy = KafkaProxy.Before(broker.Bootstrap);
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var tail = new RunningTail(store, proxy.Bootstrap, watch: Watch);
        await tail.UntilAsync(TailState.Active);
        proxy.Freeze();
        await store.AppendAsync(new Sample("a"));
        await tail.UntilAsync(TailState.Active, "publishing waits: no broker answers");
        Assert.Equal(HealthStatus.Degraded, (await HealthAsync(tail)).Status);
        proxy.Thaw();
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await tail.UntilAsync(TailState.Active, "speaks");
        Assert.Equal(0, tail.Lines.Count("the session ended"));
    }

    private static Task<HealthCheckResult> HealthAsync(RunningTail tail) =>
        new Readiness([tail.Status], Watch).CheckHealthAsync(new(), TestContext.Current.CancellationToken);
}
