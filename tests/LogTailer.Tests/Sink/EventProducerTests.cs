using System.Text;
using Checkout.Chassis.WireFormat;
using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class EventProducerTests
{
    private const string Topic = "events";

    [Fact]
    public async Task Records_of_any_size_arrive_whole_and_are_reported_with_their_tickets_and_offsets()
    {
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync(Topic, 1);
        var deliveries = new List<Delivery>();
        using var producer = Producer(broker, delivered: delivery => { lock (deliveries) deliveries.Add(delivery); });
        var record = new KafkaRecord("/sämple/0");
        // The memory of a record is used again, and grows.
        int[] sizes = [0, 100, 500_000, 3, 20_000];
        for (var i = 0; i < sizes.Length; i++)
        {
            record.Fill(Event(i + 1, sizes[i]), schemaId: 7);
            Assert.Equal(ErrorCode.NoError, producer.Produce(0, record, ticket: 1_000_000_000_000 + i));
        }
        await Eventually.Until(() => { lock (deliveries) return deliveries.Count == sizes.Length; }, "all reports");
        Assert.Equal(sizes.Select((_, i) => new Delivery(1_000_000_000_000 + i, 0, ErrorCode.NoError, i)), deliveries);
        var records = TopicReader.ReadAll(broker.Bootstrap, Topic, partitions: 1);
        Assert.Equal(sizes, records.Select(r => r.Message.Value.Length - ConfluentFrame.HeaderBytes));
        Assert.All(records,
            r => Assert.All(r.Message.Value[ConfluentFrame.HeaderBytes..], b => Assert.Equal((byte)'x', b)));
        Assert.Equal([1L, 2, 3, 4, 5], records.Select(r => r.Position()));
        Assert.All(records, r => Assert.Equal("/sämple/0", r.Header(EventHeaders.Source)));
        Assert.All(records,
            r => Assert.Equal(("schlüssel", "schlüssel"), (r.Message.Key, r.Header(EventHeaders.Subject))));
    }

    [Fact]
    public async Task A_record_larger_than_message_max_bytes_is_refused_at_once()
    {
        await using var broker = InMemoryBroker.Start();
        using var producer = Producer(broker, new ProducerConfig { MessageMaxBytes = 1_000 });
        var record = new KafkaRecord("/sample/0");
        record.Fill(Event(1, 5_000), schemaId: 7);
        Assert.Equal(ErrorCode.MsgSizeTooLarge, producer.Produce(0, record, ticket: 1));
    }

    [Fact]
    public void Settings_that_the_client_does_not_know_are_named()
    {
        var config = new ProducerConfig();
        config.Set("no.such.setting", "1");
        var refused = Assert.Throws<InvalidOperationException>(() =>
            new EventProducer(config, Topic, _ => { }, _ => { }, _ => { }, () => { }));
        Assert.Contains("no.such.setting", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposed_with_records_on_their_way_it_ends_and_reports_no_more()
    {
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync(Topic, 1);
        broker.SetDown();
        var reports = 0;
        var producer = Producer(broker, delivered: _ => Interlocked.Increment(ref reports));
        var record = new KafkaRecord("/sample/0");
        for (var i = 0; i < 100; i++)
        {
            record.Fill(Event(i + 1, 100), schemaId: 7);
            producer.Produce(0, record, ticket: i);
        }
        await Task.Run(producer.Dispose).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, reports);
    }

    [Fact]
    public async Task What_is_taken_back_is_reported_and_does_not_arrive_later()
    {
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync(Topic, 1);
        broker.SetDown();
        var purged = 0;
        using var producer = Producer(broker, delivered: delivery =>
        {
            if (delivery.Error is ErrorCode.Local_PurgeQueue or ErrorCode.Local_PurgeInflight)
                Interlocked.Increment(ref purged);
        });
        var record = new KafkaRecord("/sample/0");
        for (var i = 0; i < 1_000; i++)
        {
            record.Fill(Event(i + 1, 100), schemaId: 7);
            Assert.Equal(ErrorCode.NoError, producer.Produce(0, record, ticket: i));
        }
        producer.Purge();
        await Eventually.Until(() => Volatile.Read(ref purged) == 1_000, "all are reported as purged");
        broker.SetUp();
        record.Fill(Event(1_001, 100), schemaId: 7);
        await Eventually.Until(() => TopicReader.ReadAll(broker.Bootstrap, Topic, partitions: 1).Count == 0,
            "the topic stays empty");
    }

    private static EventProducer Producer(InMemoryBroker broker, ProducerConfig? config = null,
        Action<Delivery>? delivered = null)
    {
        config ??= new();
        config.BootstrapServers = broker.Bootstrap;
        config.EnableIdempotence = true;
        return new(config, Topic, delivered ?? (_ => { }), _ => { }, _ => { }, () => { });
    }

    internal static StoredEvent Event(long position, int bodyBytes) => new(
        position, position - 1, 0, Guid.NewGuid(), "schlüssel", "test.Happened", DateTime.UtcNow, "checkout-1",
        Guid.NewGuid(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", null,
        SingleObject.Frame(SampleStore.Fingerprint, Encoding.UTF8.GetBytes(new string('x', bodyBytes))));
}
