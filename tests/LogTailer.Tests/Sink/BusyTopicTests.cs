using Checkout.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>What befalls a topic of a real Kafka while events are on their way to it.</summary>
public sealed class BusyTopicTests(PostgresFixture postgres, BrokerFixture brokers)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task A_topic_deleted_under_load_is_made_again_and_filled_within_seconds()
    {
        var broker = await brokers.BrokerAsync();
        if (broker.IsInMemory) throw Prerequisite.Missing("kafka",
            "there is neither KAFKA_HOME nor Docker: only a real Kafka deletes topics.");
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await store.AppendAsync([.. Enumerable.Range(0, 200).Select(n => new Sample($"k{n}"))]);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);

        using var ended = new CancellationTokenSource();
        var appending = Task.Run(async () =>
        {
            for (var n = 0; !ended.IsCancellationRequested; n++) await store.AppendAsync(new Sample($"k{n}"));
        }, TestContext.Current.CancellationToken);
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).Build();
        await admin.DeleteTopicsAsync([store.Topic]);
        await Task.WhenAny(appending, Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken));
        await ended.CancelAsync();
        await appending;
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, deadline: Soon);
    }
}
