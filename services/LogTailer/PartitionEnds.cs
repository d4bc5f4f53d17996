using Confluent.Kafka;

namespace Checkout.LogTailer;

/// <summary>
/// Where a partition ends. Position is what a consumer that reads it from its first record has come to, 0 on an empty
/// one. Highest is the last event of the store that is there at all: the same, unless records were lost before it.
/// </summary>
public readonly record struct PartitionEnd(long FirstOffset, long NextOffset, long Position, long HighestPosition,
    Guid HighestEventId);

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
    private const int WindowGrowth = 32;
    private static readonly TimeSpan WatermarkTimeout = TimeSpan.FromSeconds(10);
    private const int MaxTriesForLeader = 30;
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);

    /// <param name="accounted">
    /// The offsets up to which this process knows what is there; null where it knows nothing. What lies beyond is read
    /// wholly: a tailer that slept may have sent more than a window of records ahead of what is missing before them.
    /// </param>
    /// <param name="headless">Told of partitions that do not begin with the store's first event.</param>
    public static Task<PartitionEnd[]> ReadAsync(KafkaClients kafka, string topic, int partitions, long[]? accounted,
        Action<int> headless, CancellationToken stop) =>
        Guarded.RunAsync((step, until) => Read(kafka, topic, partitions, accounted, headless, step, until),
            Guarded.LongestStep, $"The ends of {topic} could not be read", stop);

    private static PartitionEnd[] Read(KafkaClients kafka, string topic, int partitions, long[]? accounted,
        Action<int> headless, Action step, CancellationToken stop)
    {
        using var consumer = kafka.Consumer();
        var chains = new PartitionChain[partitions];
        for (var p = 0; p < partitions; p++)
        {
            stop.ThrowIfCancellationRequested();
            var marks = Watermarks(consumer, new(topic, p), step, stop);
            // The in-memory broker drops the oldest: there a first record with a predecessor says nothing.
            chains[p] = new(new(topic, p), marks.Low.Value, marks.High.Value, mustBeWhole: !kafka.InMemory,
                accounted is null ? long.MaxValue : accounted.ElementAtOrDefault(p));
        }
        FindHeadless(consumer, [.. chains.Where(c => c.Records > WindowRecords && c.MustBeWhole)], step, stop);
        foreach (var chain in chains) chain.Begin(chain.FirstWindow);
        for (var unread = chains.Where(c => c.Records > 0).ToList(); unread.Count > 0;)
        {
            ReadAll(consumer, unread, step, stop);
            unread.RemoveAll(c => !c.NeedsMore);
            foreach (var chain in unread) chain.Begin(chain.Window * WindowGrowth);
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
            if (!result.IsPartitionEOF && result.Offset.Value < chain.Until) chain.Take(result.Message.Headers);
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

    /// <summary>
    /// Nothing is skipped on the word of a topic that the store does not know: a store without the last record's event
    /// was restored or promoted behind its topic.
    /// </summary>
    public static async Task MustBelongToAsync(StoreDatabase database, Head head, PartitionEnd[] ends,
        CancellationToken stop)
    {
        var known =
            await database.EventsAtAsync([.. ends.Where(e => e.HighestPosition > 0).Select(e => e.HighestPosition)],
                stop);
        for (var p = 0; p < ends.Length; p++)
        {
            var end = ends[p];
            if (end.HighestPosition == 0
                || (known.TryGetValue(end.HighestPosition, out var row) && row.EventId == end.HighestEventId
                    && row.Partition == p)) continue;
            var has = known.TryGetValue(end.HighestPosition, out row)
                ? $"has event {row.EventId} of partition {row.Partition} there"
                : $"ends at position {head.Position}";
            throw new PublicationStoppedException(
                $"Topic {head.Topic} partition {p} ends with event {end.HighestEventId} at position "
                    + $"{end.HighestPosition}, and the store {has}: the store was restored or promoted behind its "
                    + "topic, or the topic is another store's. Bring the store forward to that event, or make the "
                    + $"topic anew; it is filled from the store.");
        }
    }
}
