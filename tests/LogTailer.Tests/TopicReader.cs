using System.Globalization;
using System.Text;
using Checkout.Chassis.WireFormat;
using Checkout.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>Reads a topic as any consumer does, and holds it against the store.</summary>
public static class TopicReader
{
    public static List<ConsumeResult<string, byte[]>> ReadAll(string bootstrapServers, string topic,
        int partitions = SampleStore.Partitions)
    {
        using var consumer = new ConsumerBuilder<string, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = "reads-all",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            // The in-memory broker answers a fetch that finds nothing only at the end of its wait (librdkafka 2.16.0).
            FetchWaitMaxMs = 10,
        }).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, partitions)
            .Select(p => new TopicPartitionOffset(topic, p, Offset.Beginning)));
        var records = new List<ConsumeResult<string, byte[]>>();
        for (var open = partitions; open > 0;)
        {
            var record = consumer.Consume(TimeSpan.FromSeconds(10))
                ?? throw new TimeoutException($"{topic} could not be read to its end.");
            if (record.IsPartitionEOF) open--;
            else records.Add(record);
        }
        return records;
    }

    public static string? Header(this ConsumeResult<string, byte[]> record, string name) =>
        record.Message.Headers.TryGetLastBytes(name, out var value) ? Encoding.UTF8.GetString(value) : null;

    public static long Position(this ConsumeResult<string, byte[]> record) =>
        long.Parse(record.Header(EventHeaders.Sequence)!, CultureInfo.InvariantCulture);

    public static long Previous(this ConsumeResult<string, byte[]> record) =>
        long.Parse(record.Header(EventHeaders.Previous)!, CultureInfo.InvariantCulture);

    public static Guid EventId(this ConsumeResult<string, byte[]> record) =>
        Guid.Parse(record.Header(EventHeaders.Id)!);

    /// <summary>
    /// Waits until the topic holds as many records as the store has events, then compares: same events, same order,
    /// nothing twice, an unbroken chain.
    /// </summary>
    public static async Task MustEqualStoreAsync(SampleStore store, string bootstrapServers,
        int partitions = SampleStore.Partitions, TimeSpan? deadline = null)
    {
        var chains = await store.ChainsAsync(partitions);
        await UntilRecordsAsync(bootstrapServers, store.Topic, partitions, chains.Sum(c => c.Count), deadline);
        var records = ReadAll(bootstrapServers, store.Topic, partitions);
        for (var p = 0; p < partitions; p++)
        {
            var onTopic = records.Where(r => r.Partition.Value == p).ToList();
            Assert.Equal(chains[p], onTopic.Select(r => (r.Position(), Guid.Parse(r.Header(EventHeaders.Id)!))));
            Assert.Equal(onTopic.Take(Math.Max(0, onTopic.Count - 1)).Select(r => r.Position()).Prepend(0)
                .Take(onTopic.Count),
                onTopic.Select(r => long.Parse(r.Header(EventHeaders.Previous)!, CultureInfo.InvariantCulture)));
        }
    }

    /// <summary>
    /// Waits until every partition, read from its first record by the rule of the consumers (the next of the chain is
    /// taken, what was seen is dropped, what is beyond a gap is not taken), has given the whole chain. Answers with how
    /// many records were dropped: duplicates, or what stood beyond a gap.
    /// </summary>
    public static async Task<int> UntilConsumersHaveAllAsync(SampleStore store, string bootstrapServers,
        int partitions = SampleStore.Partitions, TimeSpan? deadline = null)
    {
        var dropped = 0;
        var chains = await store.ChainsAsync(partitions);
        await Eventually.Until(() => Task.Run(() => Has(Read())), $"every event of {store.Topic} at its consumers",
            deadline);
        return dropped;

        bool Has(List<ConsumeResult<string, byte[]>> records)
        {
            dropped = 0;
            for (var p = 0; p < partitions; p++)
            {
                var taken = new List<(long Position, Guid EventId)>();
                foreach (
                    var record in records.Where(r => r.Partition.Value == p
                        && r.Header(EventHeaders.Sequence) is not null))
                    if (Chassis.WireFormat.Chain.Place(record.Position(), record.Previous(),
                        taken.Count == 0 ? 0 : taken[^1].Position)
                        == Link.Next) taken.Add((record.Position(), record.EventId()));
                    else dropped++;
                if (taken.Count < chains[p].Count) return false;
                Assert.Equal(chains[p], taken);
            }
            return true;
        }

        List<ConsumeResult<string, byte[]>> Read()
        {
            try
            {
                return ReadAll(bootstrapServers, store.Topic, partitions);
            }
            catch (Exception e) when (e is KafkaException or TimeoutException)
            {
                return [];
            }
        }
    }

    /// <summary>Waits until the topic holds so many records.</summary>
    public static async Task UntilRecordsAsync(string bootstrapServers, string topic, int partitions, long count,
        TimeSpan? deadline = null)
    {
        var consumer = NewConsumer();
        try
        {
            await Eventually.Until(() => Task.Run(() => Count() >= count), $"{count} records on {topic}", deadline);
        }
        finally
        {
            consumer.Dispose();
        }

        long Count()
        {
            try
            {
                return Enumerable.Range(0, partitions)
                    .Sum(p => consumer.QueryWatermarkOffsets(new(topic, p), TimeSpan.FromSeconds(5)).High.Value);
            }
            catch (KafkaException)
            {
                // One that knew a dead leader asks nobody else for minutes (seen, librdkafka 2.16.0).
                consumer.Dispose();
                consumer = NewConsumer();
                return -1;
            }
        }

        IConsumer<Ignore, Ignore> NewConsumer() =>
            new ConsumerBuilder<Ignore, Ignore>(
                new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = "counts" })
                .SetLogHandler((_, _) => { }).Build();
    }
}
