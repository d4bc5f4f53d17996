using Checkout.Servers;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Checkout.Benchmarks;

/// <summary>One record of a topic, as it was found there after the measurement.</summary>
internal sealed record Arrival(Guid EventId, DateTime At, int Bytes);

/// <summary>How much is on a topic, and what.</summary>
internal sealed class TopicEnds(Broker broker) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private readonly IConsumer<byte[], byte[]> _consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
    {
        BootstrapServers = broker.Bootstrap,
        GroupId = "benchmark-reads-ends",
        EnableAutoCommit = false,
        EnablePartitionEof = true,
        FetchWaitMaxMs = 10,
    }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    /// <summary>Records are stamped by the broker when it appends them: one clock for every producer.</summary>
    public async Task MakeStampedByBrokerAsync(string topic)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).Build();
        await admin.CreateTopicsAsync([new()
        {
            Name = topic,
            NumPartitions = FilledStore.Partitions,
            ReplicationFactor = 1,
            Configs = new() { ["retention.ms"] = "-1", ["message.timestamp.type"] = "LogAppendTime" },
        }]);
    }

    public long[] Of(string topic) =>
        [.. Enumerable.Range(0, FilledStore.Partitions)
            .Select(p => _consumer.QueryWatermarkOffsets(new(topic, p), Patience).High.Value)];

    /// <summary>Returns when the topic holds this many.</summary>
    public async Task UntilAsync(string topic, long records, TimeSpan patience, CancellationToken cancel)
    {
        for (var deadline = DateTime.UtcNow + patience; Of(topic).Sum() < records;)
        {
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException(
                    $"{topic} holds {Of(topic).Sum():N0} of {records:N0} records after {patience.TotalSeconds} s.");
            await Task.Delay(PollInterval, cancel);
        }
    }

    /// <summary>What came after these ends.</summary>
    /// <param name="idHeader">Where the event's id stands.</param>
    public List<Arrival> ReadAfter(string topic, long[] ends, string idHeader, int atMost = int.MaxValue)
    {
        var open = FilledStore.Partitions;
        var arrivals = new List<Arrival>();
        _consumer.Assign(ends.Select((end, p) => new TopicPartitionOffset(topic, p, end)));
        while (open > 0 && arrivals.Count < atMost)
        {
            var record = _consumer.Consume(Patience)
                ?? throw new TimeoutException($"{topic} could not be read to its end.");
            if (record.IsPartitionEOF) open--;
            else arrivals.Add(
                new(Id(record.Message.Headers, idHeader), record.Message.Timestamp.UtcDateTime, Size(record.Message)));
        }
        _consumer.Unassign();
        return arrivals;
    }

    private static Guid Id(Headers headers, string name) => Guid.Parse(headers.GetLastBytes(name));

    private static int Size(Message<byte[], byte[]> message) =>
        message.Key.Length + message.Value.Length
            + message.Headers.Sum(header => header.Key.Length + header.GetValueBytes().Length);

    public void Dispose() => _consumer.Dispose();
}
