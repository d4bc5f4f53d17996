using Checkout.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>Puts a store's events on its topic behind the tailer's back.</summary>
public static class Sending
{
    /// <summary>These positions of a store with one partition, in order.</summary>
    public static async Task SendAsync(this SampleStore store, string bootstrapServers, long first, long last)
    {
        var acknowledged = 0L;
        using var producer = new EventProducer(
            new ProducerConfig { BootstrapServers = bootstrapServers, EnableIdempotence = true }, store.Topic,
            _ => Interlocked.Increment(ref acknowledged), _ => { }, _ => { }, () => { });
        var record = new KafkaRecord($"/{store.Topic}/0");
        var page = await new StoreDatabase(store.Source)
            .PageAsync(first - 1, last, [0], TestContext.Current.CancellationToken);
        Assert.Equal(last, page.Through);
        foreach (var e in page.Events)
        {
            record.Fill(e, schemaId: 1);
            Assert.Equal(ErrorCode.NoError, producer.Produce(0, record, e.Position));
        }
        await Eventually.Until(() => Volatile.Read(ref acknowledged) == last - first + 1,
            $"positions {first} to {last} are on the topic");
    }
}
