using Checkout.LogTailer.Sink;
using Confluent.Kafka;

namespace Checkout.LogTailer.Chain;

/// <summary>
/// Where a partition ends. Position is what a consumer that reads it from its first record has come to, 0 on an empty
/// one. Highest is the last event of the store that is there at all: the same, unless records were lost before it.
/// </summary>
/// <param name="Bytes">Of the values that were read.</param>
/// <param name="Last">The last events of the store that were read there, by rising positions; the highest last.</param>
public sealed record PartitionEnd(
    long FirstOffset, Accounted Accounted, long Position, long Bytes, IReadOnlyList<PublishedEvent> Last)
{
    public long HighestPosition => Last.Count > 0 ? Last[^1].Position : 0;
}

/// <summary>Reads the ends of a topic's partitions: all the memory a tailer has of what it published.</summary>
public static class PartitionEnds
{
    /// <summary>
    /// As a rule the last of this many records tells. More than one, because a fenced tailer's late duplicates may lie
    /// at the end; where the chain has a gap among them, so many times more are read as <see cref="WindowGrowth"/>
    /// says, at last all. If more duplicates than these lie there, the tail is published again from the lower position:
    /// more duplicates, which consumers drop, and never a gap.
    /// </summary>
    public const int WindowRecords = 64;
    public const int WindowGrowth = 32;

    /// <summary>Of a partition's last records, for their comparison with the store.</summary>
    public const int MaxKeptBytes = 2 << 20;

    /// <summary>As many as can have been on their way when the brokers lost what was before them.</summary>
    public const int AuditRecords = WindowRecords + KafkaClients.MaxOutstandingEvents;

    private static readonly TimeSpan WatermarkTimeout = TimeSpan.FromSeconds(10);
    private const int MaxTriesForLeader = 30;
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);

    /// <param name="accounted">
    /// What this process accounted for before, by partition; null where it knows nothing.
    /// </param>
    /// <param name="window">How many records of a partition are read at first, at least.</param>
    /// <param name="headless">Told of partitions that do not begin with the store's first event.</param>
    public static Task<PartitionEnd[]> ReadAsync(KafkaClients kafka, string topic, int partitions,
        Accounted[]? accounted, int window, Action<int> headless, CancellationToken stop) =>
        Guarded.RunAsync((step, until) => Read(kafka, topic, partitions, accounted, window, headless, step, until),
            Guarded.LongestStep, $"The ends of {topic} could not be read", stop);

    private static PartitionEnd[] Read(KafkaClients kafka, string topic, int partitions, Accounted[]? accounted,
        int window, Action<int> headless, Action step, CancellationToken stop)
    {
        using var consumer = kafka.Consumer();
        var chains = new PartitionChain[partitions];
        for (var p = 0; p < partitions; p++)
        {
            stop.ThrowIfCancellationRequested();
            var marks = Watermarks(consumer, new(topic, p), step, stop);
            chains[p] = new(new(topic, p), marks.Low.Value, marks.High.Value, mustBeWhole: kafka.KeepEverything,
                accounted?.ElementAtOrDefault(p));
        }
        FindHeadless(consumer, [.. chains.Where(c => c.Records > WindowRecords && c.MustBeWhole)], step, stop);
        foreach (var chain in chains) chain.Begin(Math.Max(window, chain.FirstWindow));
        for (var unread = chains.Where(c => c.Records > 0).ToList(); unread.Count > 0;)
        {
            ReadAll(consumer, unread, step, stop);
            unread.RemoveAll(c => !c.NeedsMore);
            foreach (var chain in unread) chain.Begin(chain.NextWindow);
        }
        foreach (var chain in chains.Where(c => c.IsHeadless)) headless(chain.Partition.Partition.Value);
        return [.. chains.Select(c => c.End)];
    }

    /// <summary>
    /// A topic that was emptied or made anew under a tailer gets what was on its way, and so begins somewhere: such a
    /// partition is read wholly, to see from where on its events are missing.
    /// </summary>
    private static void FindHeadless(IConsumer<byte[], byte[]> consumer, List<PartitionChain> partitions, Action step,
        CancellationToken stop)
    {
        foreach (var chain in partitions) chain.BeginAtStart(WindowRecords);
        if (partitions.Count > 0) ReadAll(consumer, partitions, step, stop);
    }

    /// <summary>
    /// A topic just made has no leaders for a moment (Kafka 4.3.1, seen: "Unknown partition", "Not leader for
    /// partition").
    /// </summary>
    private static WatermarkOffsets Watermarks(IConsumer<byte[], byte[]> consumer, TopicPartition partition,
        Action step, CancellationToken stop)
    {
        for (var tries = 1; ; tries++)
        {
            step();
            try
            {
                return consumer.QueryWatermarkOffsets(partition, WatermarkTimeout);
            }
            catch (KafkaException e)
                when (tries < MaxTriesForLeader
                    && (e.Error.Code is ErrorCode.Local_UnknownPartition or ErrorCode.Local_UnknownTopic
                or ErrorCode.UnknownTopicOrPart or ErrorCode.LeaderNotAvailable or ErrorCode.NotLeaderForPartition))
            {
                stop.WaitHandle.WaitOne(RetryInterval);
                stop.ThrowIfCancellationRequested();
            }
        }
    }

    private static void ReadAll(IConsumer<byte[], byte[]> consumer, List<PartitionChain> partitions, Action step,
        CancellationToken stop)
    {
        var unread = partitions.ToDictionary(c => c.Partition.Partition.Value);
        consumer.Assign(partitions.Select(c => new TopicPartitionOffset(c.Partition, c.From)));
        while (unread.Count > 0)
        {
            stop.ThrowIfCancellationRequested();
            if (Consume(consumer) is not { } result) continue;
            step();
            if (!unread.TryGetValue(result.Partition.Value, out var chain)) continue;
            if (!result.IsPartitionEOF && result.Offset.Value < chain.Until) chain.Take(result);
            if (!result.IsPartitionEOF && result.Offset.Value < chain.Until - 1) continue;
            // Not paused: that would outlast the next assignment (librdkafka 2.16.0).
            unread.Remove(result.Partition.Value);
        }
    }

    private static ConsumeResult<byte[], byte[]>? Consume(IConsumer<byte[], byte[]> consumer)
    {
        try
        {
            return consumer.Consume(PollTimeout);
        }
        catch (ConsumeException e) when (e.Error.Code == ErrorCode.GroupAuthorizationFailed)
        {
            // The client asks for the group's coordinator all the same; nothing is committed, and reading goes on.
            return null;
        }
    }
}
