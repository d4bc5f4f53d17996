using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>Three nodes, of which one or two are lost.</summary>
public sealed class ThreeBrokersTests(PostgresFixture postgres, ThreeBrokers brokers) : IClassFixture<ThreeBrokers>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task A_leader_killed_under_load_loses_and_doubles_nothing()
    {
        var cluster = await brokers.ClusterAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, cluster.Bootstrap, inMemory: false, replicas: 3, minInSync: 2);
        await tail.UntilAsync(TailState.Active);
        await using var load = new Load(store);
        await load.MoreAsync(500);
        await TopicReader.UntilRecordsAsync(cluster.Bootstrap, store.Topic, SampleStore.Partitions, 500, Deadline);
        using var admin = cluster.NewAdmin();
        Assert.All(PartitionsOf(admin, store.Topic), p => Assert.Equal(3, p.Replicas.Length));
        Assert.Equal("2",
            (await admin.DescribeConfigsAsync([new() { Type = ResourceType.Topic, Name = store.Topic }]))[0].Entries[
                "min.insync.replicas"].Value);

        var leader = PartitionsOf(admin, store.Topic)[0].Leader - 1;
        await cluster.Nodes[leader].KillAsync();
        var before = load.Appended;
        await load.MoreAsync(500);
        await TopicReader.UntilRecordsAsync(cluster.Bootstrap, store.Topic, SampleStore.Partitions, before + 1,
            Deadline);
        await cluster.StartNodeAsync(leader);
        await load.MoreAsync(500);
        await load.StopAsync();
        await TopicReader.MustEqualStoreAsync(store, cluster.Bootstrap, deadline: Deadline);
    }

    /// <summary>The tailer's client knew the dead leader, and must not go on asking it.</summary>
    [Fact]
    public async Task A_partition_emptied_in_a_quiet_hour_is_noticed_also_when_its_former_leader_is_dead()
    {
        var cluster = await brokers.ClusterAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, cluster.Bootstrap, inMemory: false, replicas: 3, minInSync: 2);
        await store.AppendAsync([.. Enumerable.Range(0, 200).Select(i => new Sample($"k{i}"))]);
        await TopicReader.MustEqualStoreAsync(store, cluster.Bootstrap, deadline: Deadline);
        using var admin = cluster.NewAdmin();
        // Long enough for the tailer to have looked at the topic once.
        await Task.Delay(TopicWatch.Interval + TimeSpan.FromSeconds(1));
        var leader = PartitionsOf(admin, store.Topic)[0].Leader - 1;
        await cluster.Nodes[leader].KillAsync();
        await Eventually.Until(async () => await EmptiedAsync(cluster, store.Topic), "the partition emptied", Deadline);
        await TopicReader.UntilConsumersHaveAllAsync(store, cluster.Bootstrap, deadline: Deadline);
        await cluster.StartNodeAsync(leader);
    }

    private static List<PartitionMetadata> PartitionsOf(IAdminClient admin, string topic) =>
        admin.GetMetadata(topic, TimeSpan.FromSeconds(20)).Topics[0].Partitions;

    /// <summary>False while the dead leader has no successor.</summary>
    private static async Task<bool> EmptiedAsync(KafkaCluster cluster, string topic)
    {
        using var admin = cluster.NewAdmin();
        try
        {
            await admin.DeleteRecordsAsync([new(topic, 0, Offset.End)],
                new() { RequestTimeout = TimeSpan.FromSeconds(5), OperationTimeout = TimeSpan.FromSeconds(5) });
            return true;
        }
        catch (KafkaException)
        {
            return false;
        }
    }

    [Fact]
    public async Task With_too_few_replicas_in_sync_publication_waits_and_afterwards_everything_is_there_once()
    {
        var cluster = await brokers.ClusterAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, cluster.Bootstrap, inMemory: false, replicas: 3, minInSync: 2);
        await tail.UntilAsync(TailState.Active);
        await using var load = new Load(store);
        await load.MoreAsync(300);
        await cluster.Nodes[1].StopAsync();
        await cluster.Nodes[2].StopAsync();
        var confirmed = await store.ConfirmedAsync();
        await load.MoreAsync(1_000);
        await Eventually.Until(() => tail.Status.Slot!.RetainedBytes > 100_000,
            "the log that is kept meanwhile is told");
        Assert.True(await store.ScalarAsync<bool>($"SELECT pg_current_wal_lsn() - '{confirmed}'::pg_lsn > 100000"));
        await Task.WhenAll(cluster.StartNodeAsync(1), cluster.StartNodeAsync(2));
        await load.MoreAsync(300);
        await load.StopAsync();
        await TopicReader.MustEqualStoreAsync(store, cluster.Bootstrap, deadline: Deadline);
    }

    [Fact]
    public async Task A_topic_with_fewer_replicas_than_the_settings_ask_for_is_refused_with_a_sentence()
    {
        var cluster = await brokers.ClusterAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        using var admin = cluster.NewAdmin();
        await cluster.CreateTopicAsync(store.Topic, SampleStore.Partitions, replicas: 2);
        await using var tail = new RunningTail(store, cluster.Bootstrap, inMemory: false, replicas: 3, minInSync: 2);
        await tail.UntilAsync(TailState.Stopped, "has 2 replicas and Kafka:TopicReplicationFactor asks for 3");
    }
}

public sealed class ThreeBrokers : IAsyncLifetime
{
    private readonly TestFolder _folder = new("kafka");
    private KafkaCluster? _cluster;

    public async Task<KafkaCluster> ClusterAsync()
    {
        if (KafkaHome.Find() is null)
            throw Prerequisite.Missing("kafka", "there is no KAFKA_HOME: these tests run three nodes of a real Kafka.");
        return _cluster ??= await KafkaCluster.StartAsync(_folder["cluster"], nodes: 3, heapMiB: 300);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
        _folder.Dispose();
    }
}
