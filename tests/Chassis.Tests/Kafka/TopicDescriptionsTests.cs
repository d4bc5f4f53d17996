using Checkout.Chassis.Kafka;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Chassis.Tests.Kafka;

public sealed class TopicDescriptionsTests(Stage stage)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_topic_is_told_with_its_id_and_partitions_and_one_that_is_not_there_is_not_made_by_the_question()
    {
        var broker = Kafka();
        var (topic, missing) = (await stage.NewTopicAsync(partitions: 3), BrokerFixture.NewName());
        using var descriptions = new TopicDescriptions(new() { BootstrapServers = broker.Bootstrap });
        for (var asked = 0; asked < 2; asked++)
        {
            var described = (await descriptions.AskAsync([topic, missing], Limit)).ToDictionary(d => d.Name);
            Assert.Equal(ErrorCode.NoError, described[topic].Error);
            Assert.Equal([1, 1, 1], described[topic].Replicas);
            Assert.Equal(22, described[topic].Id.Length);
            Assert.Equal(ErrorCode.UnknownTopicOrPart, described[missing].Error);
            Assert.Empty(described[missing].Replicas);
        }
    }

    [Fact]
    public async Task A_topic_made_anew_has_another_id()
    {
        var broker = Kafka();
        var topic = await stage.NewTopicAsync(partitions: 1);
        using var descriptions = new TopicDescriptions(new() { BootstrapServers = broker.Bootstrap });
        var before = (await descriptions.AskAsync([topic], Limit))[0].Id;
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).Build();
        await admin.DeleteTopicsAsync([topic]);
        await Eventually.Until(async () =>
            (await descriptions.AskAsync([topic], Limit))[0].Error == ErrorCode.UnknownTopicOrPart,
            "the topic is gone");
        await broker.CreateTopicAsync(topic, 1, cancel: Cancel);
        await Eventually.Until(async () => (await descriptions.AskAsync([topic], Limit))[0].Error == ErrorCode.NoError,
            "the topic is there again");
        Assert.NotEqual(before, (await descriptions.AskAsync([topic], Limit))[0].Id);
    }

    [Fact]
    public async Task Where_nobody_answers_it_is_said_within_the_limit()
    {
        using var descriptions = new TopicDescriptions(new() { BootstrapServers = $"127.0.0.1:{Ports.Free()}" });
        var fault = await Assert.ThrowsAsync<KafkaException>(() =>
            descriptions.AskAsync(["any"], TimeSpan.FromMilliseconds(500)).WaitAsync(TimeSpan.FromSeconds(60), Cancel));
        Assert.Equal(ErrorCode.Local_TimedOut, fault.Error.Code);
    }

    /// <summary>
    /// A stopping broker tells of partitions without leader and without replicas in sync, on which Confluent.Kafka's
    /// own admin client fails for good.
    /// </summary>
    [Fact]
    public async Task While_a_broker_stops_every_question_has_an_end_and_afterwards_an_answer()
    {
        var home = KafkaHome.Find() ?? throw Prerequisite.Missing("kafka",
            $"{KafkaHome.Variable} does not name a folder with a released Kafka.");
        using var folder = new TestFolder("descriptions");
        await using var server =
            await KafkaServer.StartAsync(new() { DataDirectory = folder["kafka"], Home = home, HeapMiB = 300 }, Cancel);
        await server.CreateTopicAsync("asked-for", 12, cancel: Cancel);
        using var descriptions =
            new TopicDescriptions(new() { BootstrapServers = server.Bootstrap, ReconnectBackoffMaxMs = 1_000 });
        var before = (await descriptions.AskAsync(["asked-for"], Limit))[0];
        var stopped = server.StopAsync();
        while (!stopped.IsCompleted) await AskAsync().WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        await server.StartAgainAsync(Cancel);
        DescribedTopic? after = null;
        await Eventually.Until(async () => (after = await AskAsync()) is { Error: ErrorCode.NoError },
            "the topic is told again");
        Assert.Equal((before.Id, 12), (after!.Id, after.Replicas.Count));

        async Task<DescribedTopic?> AskAsync()
        {
            try
            {
                return (await descriptions.AskAsync(["asked-for"], TimeSpan.FromSeconds(2)))[0];
            }
            catch (KafkaException)
            {
                return null;
            }
        }
    }

    private Broker Kafka() => stage.Broker.IsInMemory
        ? throw Prerequisite.Missing("kafka", "librdkafka's in-memory broker does not describe topics.")
        : stage.Broker;
}
