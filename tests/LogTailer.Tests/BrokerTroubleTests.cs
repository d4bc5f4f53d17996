using System.Diagnostics;
using Checkout.Fixtures;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>
/// A broker that is killed, slow, silent, cut off or empty stops nothing but publication, and afterwards everything is
/// there once.
/// </summary>
[Collection(nameof(OwnKafka))]
public sealed class BrokerTroubleTests(PostgresFixture postgres, RegistryFixture registry, OwnKafka kafka)
{
    private const int DefaultTroubleSeconds = 6;
    /// <summary>How long the broker is slow, silent or cut off: minutes by hand, seconds at every build.</summary>
    private const string TroubleSeconds = "CHECKOUT_TEST_TROUBLE_SECONDS";
    private static readonly TimeSpan TroubleLasts = TimeSpan.FromSeconds(TestSettings.Number(TroubleSeconds)
        ?? DefaultTroubleSeconds);
    /// <summary>The longer it lasts, the more has to be caught up with.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90) + TroubleLasts;

    /// <summary>
    /// The second time the tailer dies with it: what it had on its way then dies with the broker's sockets.
    /// </summary>
    [Fact]
    public async Task A_broker_killed_under_load_loses_and_doubles_nothing_also_when_the_tailer_is_killed_with_it()
    {
        var broker = await kafka.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        var tailer = TailerProcess.Start("first", store, broker, registry.Url);
        try
        {
            await tailer.UntilAsync("active");
            await using var load = new Load(store);
            foreach (var tailerDiesToo in new[] { false, true })
            {
                await load.MoreAsync(500);
                await kafka.KillAsync();
                if (tailerDiesToo) await tailer.KillAsync();
                await load.MoreAsync(500);
                await kafka.StartAgainAsync();
                if (tailerDiesToo) tailer = TailerProcess.Start("second", store, broker, registry.Url);
                await load.MoreAsync(500);
                await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, SampleStore.Partitions,
                    load.Appended - 1_000, Deadline);
            }
            await load.StopAsync();
            await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, deadline: Deadline);
        }
        finally
        {
            await tailer.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_cluster_whose_data_is_gone_gets_everything_again_from_the_stores()
    {
        var broker = await kafka.BrokerAsync();
        await using var one = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var two = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tailOfOne = new RunningTail(one, broker);
        await using var tailOfTwo = new RunningTail(two, broker);
        await using var loadOfOne = new Load(one);
        await using var loadOfTwo = new Load(two);
        await Task.WhenAll(loadOfOne.MoreAsync(1_000), loadOfTwo.MoreAsync(1_000));
        await kafka.KillAsync();
        await Task.WhenAll(loadOfOne.MoreAsync(300), loadOfTwo.MoreAsync(300));
        await kafka.StartEmptyAsync();
        await Task.WhenAll(loadOfOne.MoreAsync(300), loadOfTwo.MoreAsync(300));
        await loadOfOne.StopAsync();
        await loadOfTwo.StopAsync();
        await TopicReader.MustEqualStoreAsync(one, broker.Bootstrap, deadline: Deadline);
        await TopicReader.MustEqualStoreAsync(two, broker.Bootstrap, deadline: Deadline);
        Assert.True(tailOfOne.Status.Healed > 0);
    }

    [Theory]
    [InlineData("slow")]
    [InlineData("silent")]
    [InlineData("cut off")]
    public async Task A_broker_in_trouble_stops_nothing_but_publication_and_afterwards_everything_is_there_once(
        string trouble)
    {
        var proxy = await kafka.ProxyAsync();
        var broker = await kafka.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, kafka.ProxiedBootstrap, inMemory: false);
        await using var load = new Load(store);
        await tail.UntilAsync(TailState.Active);
        await load.MoreAsync(300);

        switch (trouble)
        {
            case "slow": await proxy.DelayAsync(OwnKafka.Proxy, TimeSpan.FromSeconds(2)); break;
            case "silent": await proxy.SilenceAsync(OwnKafka.Proxy); break;
            default: await proxy.SetEnabledAsync(OwnKafka.Proxy, false); break;
        }
        var before = load.Appended;
        var clock = Stopwatch.StartNew();
        await Eventually.Until(() => clock.Elapsed > TroubleLasts, "the trouble has lasted", TroubleLasts + Deadline);
        Assert.True(load.Appended > before + 300, "appends went on");
        if (trouble != "slow")
            Assert.True(tail.Status.Slot!.RetainedBytes > 0, "the log that is kept meanwhile is told");
        switch (trouble)
        {
            case "slow": await proxy.RemoveAsync(OwnKafka.Proxy, "latency"); break;
            case "silent": await proxy.RemoveAsync(OwnKafka.Proxy, "timeout"); break;
            default: await proxy.SetEnabledAsync(OwnKafka.Proxy, true); break;
        }
        await load.MoreAsync(300);
        await load.StopAsync();
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, deadline: Deadline);
    }

    [Fact]
    public async Task A_user_who_may_not_read_the_topics_settings_is_told_so_in_a_sentence()
    {
        var broker = await kafka.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, kafka.UsersBootstrap, inMemory: false, client: OwnKafka.AsUser);
        await tail.UntilAsync(TailState.Stopped, "Kafka does not let this user describe topic");

        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        using var admin = broker.NewAdmin();
        await AllowAsync(admin, store.Topic, AclOperation.Read, AclOperation.Write, AclOperation.Describe);
        await tail.UntilAsync(TailState.Stopped, "allow DESCRIBE_CONFIGS with kafka-acls.sh");
        Assert.False(tail.Lines.Contains("   at Checkout"), "a stack trace");

        await AllowAsync(admin, store.Topic, AclOperation.DescribeConfigs);
        await tail.UntilAsync(TailState.Active);
        await store.AppendAsync(new Sample("a"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task A_topic_that_can_only_be_read_stops_nothing_but_publication_until_it_can_be_written_again()
    {
        var broker = await kafka.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        using var admin = broker.NewAdmin();
        await AllowAsync(admin, store.Topic, AclOperation.Read, AclOperation.Write, AclOperation.DescribeConfigs);
        await using var tail = new RunningTail(store, kafka.UsersBootstrap, inMemory: false, client: OwnKafka.AsUser);
        await tail.UntilAsync(TailState.Active);
        await using var load = new Load(store);
        await load.MoreAsync(300);
        // So that the next session has an end to read, without any right on a consumer group.
        await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, SampleStore.Partitions, 300);

        await admin.DeleteAclsAsync([new()
        {
            PatternFilter = new() { Type = ResourceType.Topic, Name = store.Topic,
                ResourcePatternType = ResourcePatternType.Literal },
            EntryFilter = new() { Operation = AclOperation.Write, PermissionType = AclPermissionType.Allow },
        }]);
        var sentence = $"Kafka does not let this user write to topic {store.Topic}";
        await tail.UntilAsync(TailState.Stopped, sentence);
        // The next session's producer is refused before it has sent anything.
        await Eventually.Until(() => tail.Lines.Count(sentence) > 1, "it is tried again, and refused");
        await load.MoreAsync(300);

        await AllowAsync(admin, store.Topic, AclOperation.Write);
        await load.MoreAsync(300);
        await load.StopAsync();
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, deadline: Deadline);
    }

    private static Task AllowAsync(IAdminClient admin, string topic, params AclOperation[] operations) =>
        admin.CreateAclsAsync(operations.Select(operation => new AclBinding
        {
            Pattern = new()
            {
                Type = ResourceType.Topic,
                Name = topic,
                ResourcePatternType = ResourcePatternType.Literal
            },
            Entry = new()
            {
                Principal = $"User:{OwnKafka.User}",
                Host = "*",
                Operation = operation,
                PermissionType = AclPermissionType.Allow
            },
        }));
}
