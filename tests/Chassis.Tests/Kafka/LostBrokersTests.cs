using System.Text.Json;
using Checkout.Chassis.Kafka;
using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Chassis.Tests.Kafka;

public sealed class LostBrokersTests
{
    private const string Topic = "many";
    /// <summary>
    /// Many, so that the client is still busy with an answer when it hears that the connection has ended: the race goes
    /// one way.
    /// </summary>
    private const int Partitions = 5_000;
    /// <summary>The state is met at the first restart as a rule.</summary>
    private const int MaxRestarts = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Its group's coordinator is a logical broker, which stays, and is no help.</summary>
    [Fact]
    public async Task A_consumer_that_has_lost_all_its_brokers_gets_them_again()
    {
        await using var broker = InMemoryBroker.Start();
        await using var proxy = KafkaProxy.Before(broker.Bootstrap);
        await broker.CreateTopicAsync(Topic, Partitions);
        using var producer =
            new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = broker.Bootstrap, LingerMs = 0 })
            .Build();
        var (lost, told, came) = (0, 0, 0);
        var config = new KafkaOptions { BootstrapServers = proxy.Bootstrap, InMemory = true }.Consumer("reads-many");
        // So that there is an answer to stop behind; a broker that stops under load makes its clients ask.
        config.TopicMetadataRefreshIntervalMs = 100;
        using var consumer = new ConsumerBuilder<Ignore, string>(config).SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .SetStatisticsHandler(LostBrokers.Handler(proxy.Bootstrap, () => lost++)).Build();
        consumer.Assign(new TopicPartitionOffset(Topic, 0, Offset.Beginning));
        await TellAsync();
        for (var restarts = 0; lost == 0 && restarts < MaxRestarts; restarts++)
        {
            await proxy.RestartWithoutBrokersAsync(Patience);
            await TellAsync();
        }
        Assert.True(lost > 0, "the client had lost its brokers");
        consumer.Close();

        async Task TellAsync()
        {
            await producer.ProduceAsync(new TopicPartition(Topic, 0), new() { Value = "" });
            told++;
            await Eventually.Until(() =>
                (came += consumer.Consume(TimeSpan.FromMilliseconds(50)) is null ? 0 : 1) == told, "the record comes",
                Patience);
        }
    }

    [Theory]
    [InlineData("""{"brokers":{}}""", true)]
    [InlineData("""{"brokers":{":0/internal":{"source":"internal"},"GroupCoordinator":{"source":"logical"}}}""", true)]
    [InlineData("""{"brokers":{"a:9092/bootstrap":{"source":"configured"},":0/internal":{"source":"internal"}}}""",
        false)]
    [InlineData("""{"brokers":{"a:9092/1":{"source":"learned"}}}""", false)]
    [InlineData("""{"ts":1}""", false)]
    public void A_client_has_brokers_that_it_was_given_or_has_learned_of(string statistics, bool lost) =>
        Assert.Equal(lost, LostBrokers.Are(JsonDocument.Parse(statistics)));
}
