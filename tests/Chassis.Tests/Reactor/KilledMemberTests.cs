using System.Diagnostics;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>An instance dies without a word.</summary>
public sealed class KilledMemberTests(Stage stage)
{
    [Fact]
    public async Task A_killed_members_partitions_are_taken_up_long_before_a_default_session_would_end()
    {
        await using var world = await World.NewAsync(stage);
        // A member that dies is cut off, and tells the group nothing.
        await using var proxy = KafkaProxy.Before(stage.Broker.Bootstrap);
        using var dying = Member(proxy.Bootstrap, world.Table.Service);
        dying.Subscribe(world.Table.Topics);
        var instance = await world.StartInstanceAsync();
        await Eventually.Until(() =>
        {
            Poll(dying);
            var (its, ours) = (dying.Assignment.Count, instance.State.AssignedPartitions);
            return its > 0 && ours > 0 && its + ours == World.Partitions + 1;
        }, "both have a share");
        await proxy.StopAsync();
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 20; i++) await world.Chain.TellAsync(Asked($"n{i}"));
        await Eventually.Until(async () => (await world.EventsAsync()).Count == 20,
            "the survivor has taken up all partitions");
        // librdkafka's default is 45 s.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        dying.Close();
    }

    /// <summary>
    /// As after an upgrade, or where a topic was not there yet when the first one died: a member of the same name must
    /// not get the former assignment back as it was.
    /// </summary>
    [Fact]
    public async Task A_restarted_member_that_reads_one_more_topic_gets_its_partitions()
    {
        var (known, added) = (await stage.NewTopicAsync(2), await stage.NewTopicAsync(2));
        var group = $"restarted-{Guid.NewGuid():N}";
        await using var proxy = KafkaProxy.Before(stage.Broker.Bootstrap);
        using var dying = Member(proxy.Bootstrap, group);
        dying.Subscribe(known);
        await HasAsync(dying, known);
        await proxy.StopAsync();
        using var restarted = Member(stage.Broker.Bootstrap, group);
        restarted.Subscribe([known, added]);
        await HasAsync(restarted, known, added);
        restarted.Close();
        dying.Close();

        static Task HasAsync(IConsumer<byte[], byte[]> consumer, params string[] topics) => Eventually.Until(() =>
        {
            Poll(consumer);
            return topics.All(topic => consumer.Assignment.Count(p => p.Topic == topic) == 2);
        }, $"{string.Join(" and ", topics)} assigned");
    }

    private IConsumer<byte[], byte[]> Member(string bootstrap, string group)
    {
        var kafka = new KafkaOptions
        {
            BootstrapServers = bootstrap,
            InMemory = stage.Broker.IsInMemory,
            InstanceId = "service-1"
        };
        return new ConsumerBuilder<byte[], byte[]>(kafka.Consumer(group)).SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { }).Build();
    }

    /// <summary>A topic that was made a moment ago may be unknown to a broker yet.</summary>
    private static void Poll(IConsumer<byte[], byte[]> consumer)
    {
        try
        {
            consumer.Consume(TimeSpan.FromMilliseconds(100));
        }
        catch (ConsumeException e) when (e.Error.Code == ErrorCode.UnknownTopicOrPart)
        {
        }
    }

    private static Asked Asked(string name) => ReactorLoopTests.Asked(name, 1);
}
