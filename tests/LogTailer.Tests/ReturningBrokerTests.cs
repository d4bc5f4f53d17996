using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>
/// A broker stops behind a metadata answer, and when it comes back answers with topics and without brokers before it
/// knows that itself is there, as Apache Kafka does. librdkafka 2.15.0 and 2.16.0 then have no broker for ever
/// (docs/decisions/0008).
/// </summary>
public sealed class ReturningBrokerTests(PostgresFixture postgres)
{
    private const int Restarts = 3;
    /// <summary>The state is met at the first one as a rule.</summary>
    private const int MaxRestarts = 30;
    /// <summary>
    /// Many, so that the client is still busy with an answer when it hears that the connection has ended: the race goes
    /// one way.
    /// </summary>
    private const int ManyPartitions = 10_000;
    /// <summary>
    /// So that there is an answer to stop behind; a broker that stops under load makes its clients ask.
    /// </summary>
    private const string AskInterval = "topic.metadata.refresh.interval.ms";
    private const string AskOften = "100";
    /// <summary>Well above what a restart takes here, below what a watch would replace a client after.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task A_producer_that_has_lost_all_its_brokers_gets_them_again()
    {
        await using var broker = InMemoryBroker.Start();
        await using var proxy = KafkaProxy.Before(broker.Bootstrap);
        await broker.CreateTopicAsync("many", ManyPartitions);
        var (sent, delivered, lost) = (0, 0, 0);
        var config = new ProducerConfig
        {
            BootstrapServers = proxy.Bootstrap,
            EnableIdempotence = true,
            ReconnectBackoffMaxMs = 1_000,
            MessageTimeoutMs = 0
        };
        config.Set(AskInterval, AskOften);
        using var producer = new EventProducer(
            config, "many", _ => Interlocked.Increment(ref delivered), _ => { }, _ => { },
            () => Interlocked.Increment(ref lost));
        var record = new KafkaRecord("/many/0");
        await SendAsync();
        for (var restarts = 0; Volatile.Read(ref lost) == 0 && restarts < MaxRestarts; restarts++)
        {
            await proxy.RestartWithoutBrokersAsync(Patience);
            await SendAsync();
        }
        Assert.True(lost > 0, "the client had lost its brokers");

        async Task SendAsync()
        {
            record.Fill(EventProducerTests.Event(++sent, 100), schemaId: 7);
            Assert.Equal(ErrorCode.NoError, producer.Produce(sent, record, sent));
            await Eventually.Until(() => Volatile.Read(ref delivered) == sent, "the record is acknowledged", Patience);
        }
    }

    [Fact]
    public async Task What_is_appended_meanwhile_is_published_by_the_same_session()
    {
        await using var broker = InMemoryBroker.Start();
        await using var proxy = KafkaProxy.Before(broker.Bootstrap);
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using var tail = new RunningTail(store, proxy.Bootstrap, client: [(AskInterval, AskOften)]);
        await tail.UntilAsync(TailState.Active);
        for (var appended = 1; appended <= Restarts; appended++)
        {
            await store.AppendAsync(new Sample($"key {appended}"));
            await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, SampleStore.Partitions, appended,
                Patience);
            await proxy.RestartWithoutBrokersAsync(Patience);
        }
        Assert.Equal(0, tail.Lines.Count("the session ended"));
    }
}
