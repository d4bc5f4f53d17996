using Confluent.Kafka;

namespace Checkout.LogTailer.Tests;

/// <summary>Somebody else's records on a store's topic.</summary>
public static class ForeignRecords
{
    public static async Task WriteAsync(string bootstrapServers, string topic, int count)
    {
        using var producer =
            new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = bootstrapServers })
            .SetLogHandler((_, _) => { }).Build();
        for (var i = 0; i < count; i++)
            await producer.ProduceAsync(new TopicPartition(topic, 0), new() { Value = "not an event" });
    }
}

/// <summary>A consumer group that commits after each hundred records.</summary>
public static class SlowReader
{
    public static List<long> Read(string bootstrapServers, string topic, string group, int count)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = group,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            FetchWaitMaxMs = 10,
        }).SetLogHandler((_, _) => { }).Build();
        consumer.Subscribe(topic);
        var positions = new List<long>();
        while (positions.Count < count)
        {
            var record = consumer.Consume(TimeSpan.FromSeconds(20))
                ?? throw new TimeoutException($"{positions.Count} of {count} events were read.");
            positions.Add(long.Parse(System.Text.Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes(
                "ce_sequence")), System.Globalization.CultureInfo.InvariantCulture));
            if (positions.Count % 100 == 0) consumer.Commit();
        }
        consumer.Close();
        return positions;
    }
}
