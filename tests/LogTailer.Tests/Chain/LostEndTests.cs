using Checkout.Fixtures;
using Confluent.Kafka.Admin;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>
/// The brokers lost the end of a partition while records were on their way. Those follow each other above the hole, and
/// are more than are read at a partition's end.
/// </summary>
public sealed class LostEndTests(PostgresFixture postgres, BrokerFixture brokers)
{
    private const int Below = 500, Lost = 600, All = 900;

    [Fact]
    public async Task The_tailer_that_had_seen_it_acknowledged_publishes_what_is_missing()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        var registry = new StubRegistry();
        await using var tail = new RunningTail(store, broker.Bootstrap, registry, inMemory: false);
        await AppendAsync(store, Lost);
        await TopicReader.UntilConsumersHaveAllAsync(store, broker.Bootstrap, partitions: 1);
        // What comes next waits for the registry, and so the tailer sends nothing of it itself.
        registry.IsAway = true;
        await store.AppendAsync(new Sample("k", "test.Other"));
        await tail.UntilAsync(TailState.Active, "The registry at");
        await AppendAsync(store, All - Lost - 1);
        using var admin = broker.NewAdmin();
        await admin.DeleteTopicsAsync([store.Topic]);
        await AgainAsync(store, broker);
        await Eventually.Until(() => tail.Lines.Contains("a new one begins"), "the tailer notices");
        registry.IsAway = false;
        await TopicReader.UntilConsumersHaveAllAsync(store, broker.Bootstrap, partitions: 1);
    }

    [Fact]
    public async Task A_tailer_that_comes_after_the_one_that_saw_it_publishes_what_is_missing()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        await AppendAsync(store, All);
        await AgainAsync(store, broker);
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await TopicReader.UntilConsumersHaveAllAsync(store, broker.Bootstrap, partitions: 1);
        Assert.True(tail.Lines.Contains($"lacks what follows position {Below}"));
    }

    private static Task AppendAsync(SampleStore store, int events) =>
        store.AppendAsync([.. Enumerable.Range(0, events).Select(_ => new Sample("k"))]);

    private static async Task AgainAsync(SampleStore store, Servers.Broker broker)
    {
        await Eventually.Until(async () =>
        {
            try
            {
                await broker.CreateTopicAsync(store.Topic, 1);
                return true;
            }
            catch (CreateTopicsException)
            {
                // Still being deleted.
                return false;
            }
        }, "the topic is made anew");
        await store.SendAsync(broker.Bootstrap, 1, Below);
        await store.SendAsync(broker.Bootstrap, Lost + 1, All);
    }
}
