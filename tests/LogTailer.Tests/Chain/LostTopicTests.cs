using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>
/// A topic is lost, emptied or made anew under the running tailer while appends go on: it is published again in order,
/// by itself.
/// </summary>
public sealed class LostTopicTests(PostgresFixture postgres, BrokerFixture brokers)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task All_topics_deleted_while_appends_go_on_are_made_again_and_hold_everything_once()
    {
        var broker = await brokers.RealAsync();
        await using var one = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var two = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tailOfOne = new RunningTail(one, broker.Bootstrap, inMemory: false);
        await using var tailOfTwo = new RunningTail(two, broker.Bootstrap, inMemory: false);
        await tailOfOne.UntilAsync(TailState.Active);
        await tailOfTwo.UntilAsync(TailState.Active);
        await using var loadOfOne = new Load(one);
        await using var loadOfTwo = new Load(two);
        await Task.WhenAll(loadOfOne.MoreAsync(1_000), loadOfTwo.MoreAsync(1_000));
        using var admin = broker.NewAdmin();
        await admin.DeleteTopicsAsync([one.Topic, two.Topic]);
        await Task.WhenAll(loadOfOne.MoreAsync(1_000), loadOfTwo.MoreAsync(1_000));
        await Eventually.Until(() => tailOfOne.Lines.Contains("events from the store"), "the first topic filled again",
            Deadline);
        await loadOfOne.StopAsync();
        await loadOfTwo.StopAsync();
        await TopicReader.UntilConsumersHaveAllAsync(one, broker.Bootstrap, deadline: Deadline);
        await TopicReader.UntilConsumersHaveAllAsync(two, broker.Bootstrap, deadline: Deadline);
    }

    [Fact]
    public async Task A_topic_made_anew_with_the_same_name_while_appends_go_on_gets_everything_in_order()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await tail.UntilAsync(TailState.Active);
        await using var load = new Load(store);
        await load.MoreAsync(1_000);
        using var admin = broker.NewAdmin();
        await admin.DeleteTopicsAsync([store.Topic]);
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await load.MoreAsync(1_000);
        await load.StopAsync();
        await TopicReader.UntilConsumersHaveAllAsync(store, broker.Bootstrap, deadline: Deadline);
    }

    [Fact]
    public async Task A_partition_emptied_while_appends_go_on_gets_everything_again_in_order()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await tail.UntilAsync(TailState.Active);
        await using var load = new Load(store);
        await load.MoreAsync(1_000);
        using var admin = broker.NewAdmin();
        await admin.DeleteRecordsAsync([new(store.Topic, 1, Offset.End)]);
        await load.MoreAsync(500);
        await load.StopAsync();
        await TopicReader.UntilConsumersHaveAllAsync(store, broker.Bootstrap, deadline: Deadline);
    }

    [Fact]
    public async Task Records_removed_from_the_beginning_of_a_partition_in_a_quiet_hour_come_again()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        for (var i = 0; i < 20; i++)
            await store.AppendAsync([.. Enumerable.Range(0, 10).Select(n => new Sample($"k{n}"))]);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);
        using var admin = broker.NewAdmin();
        await admin.DeleteRecordsAsync([new(store.Topic, 0, 30)]);
        await TopicReader.UntilConsumersHaveAllAsync(store, broker.Bootstrap, partitions: 1, Deadline);

        // And after a restart, when the removed beginning is still to be seen, only what is new comes.
        await tail.DisposeAsync();
        await using var again = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await store.AppendAsync(new Sample("k1"), new Sample("k2"));
        Assert.Equal(170,
            await TopicReader.UntilConsumersHaveAllAsync(store, broker.Bootstrap, partitions: 1, Deadline));
    }
}
