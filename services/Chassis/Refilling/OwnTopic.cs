using Checkout.Chassis.Kafka;
using Confluent.Kafka;

namespace Checkout.Chassis.Refilling;

/// <summary>
/// The topic of a store, read by the store's own service: without joining its group. Its calls block; each needs a
/// thread of its own.
/// </summary>
/// <param name="group">Whose rights are used.</param>
public sealed class OwnTopic(KafkaOptions kafka, string group, string topic)
{
    /// <summary>Of a partition's last records; where none of them is an event, ever more.</summary>
    private const int FirstWindow = 64;
    private const int WindowGrowth = 16;

    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);

    /// <summary>So long nothing may come though there is something.</summary>
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(30);

    /// <summary>What a partition has: offsets from the first up to the one before End.</summary>
    public sealed record Extent(int Partition, long First, long End);

    /// <summary>Of all its partitions; none where the topic is not there.</summary>
    /// <exception cref="KafkaException">Kafka does not say.</exception>
    public IReadOnlyList<Extent> Extents()
    {
        using var consumer = NewConsumer();
        return Extents(consumer);
    }

    /// <summary>The event of the highest position of each partition that has any.</summary>
    /// <exception cref="KafkaException">Kafka does not say.</exception>
    /// <exception cref="TimeoutException">It says that there are records and does not give them.</exception>
    public IReadOnlyList<TopicEvent> Last(CancellationToken stop)
    {
        using var consumer = NewConsumer();
        var last = new Dictionary<int, TopicEvent>();
        var unread = Extents(consumer).Where(extent => extent.End > extent.First).ToList();
        for (long window = FirstWindow; unread.Count > 0; window *= WindowGrowth)
        {
            foreach (var e in Read(consumer, unread.ConvertAll(extent =>
                extent with { First = Math.Max(extent.First, extent.End - window) }), _ => { }, stop))
                if (!last.TryGetValue(e.Partition, out var highest) || highest.Position < e.Position)
                    last[e.Partition] = e;
            unread.RemoveAll(extent => last.ContainsKey(extent.Partition) || extent.End - window <= extent.First);
        }
        return [.. last.Values];
    }

    /// <summary>The events of these extents, of each partition in its order.</summary>
    /// <param name="passed">Told of each record that is none.</param>
    /// <exception cref="TimeoutException">There are records that do not come.</exception>
    public IEnumerable<TopicEvent> Read(IReadOnlyCollection<Extent> extents,
        Action<ConsumeResult<byte[]?, byte[]?>> passed, CancellationToken stop)
    {
        using var consumer = NewConsumer();
        foreach (var e in Read(consumer, extents, passed, stop)) yield return e;
    }

    private IEnumerable<TopicEvent> Read(IConsumer<byte[]?, byte[]?> consumer, IReadOnlyCollection<Extent> extents,
        Action<ConsumeResult<byte[]?, byte[]?>> passed, CancellationToken stop)
    {
        var ends = extents.Where(extent => extent.End > extent.First)
            .ToDictionary(extent => extent.Partition, extent => extent.End);
        consumer.Assign(extents.Where(extent => ends.ContainsKey(extent.Partition))
            .Select(extent => new TopicPartitionOffset(topic, extent.Partition, extent.First)));
        var came = TimeProvider.System.GetTimestamp();
        while (ends.Count > 0)
        {
            stop.ThrowIfCancellationRequested();
            if (Next(consumer) is not { } record)
            {
                if (TimeProvider.System.GetElapsedTime(came) > LongestStandstill)
                    throw new TimeoutException($"{topic}/{ends.Keys.Min()} goes on to offset {ends[ends.Keys.Min()]}, "
                        + $"and nothing came of it for {LongestStandstill.TotalSeconds:F0} s.");
                continue;
            }
            came = TimeProvider.System.GetTimestamp();
            if (!ends.TryGetValue(record.Partition.Value, out var end)) continue;
            // An aborted transaction's records do not come: then the end of the partition does.
            if (record.Offset.Value >= end - (record.IsPartitionEOF ? 0 : 1)) ends.Remove(record.Partition.Value);
            if (record.IsPartitionEOF || record.Offset.Value >= end) continue;
            if (TopicEvent.From(record) is { } e) yield return e;
            else passed(record);
        }
    }

    private List<Extent> Extents(IConsumer<byte[]?, byte[]?> consumer)
    {
        // By the consumer's own client, since its questions make no topics.
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var described = admin.GetMetadata(topic, AskTimeout).Topics.Single(t => t.Topic == topic);
        if (described.Error.Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic) return [];
        if (described.Error.IsError) throw new KafkaException(described.Error);
        return described.Partitions.ConvertAll(partition =>
        {
            var marks = consumer.QueryWatermarkOffsets(new(topic, partition.PartitionId), AskTimeout);
            return new Extent(partition.PartitionId, marks.Low.Value, marks.High.Value);
        });
    }

    private IConsumer<byte[]?, byte[]?> NewConsumer()
    {
        var config = kafka.Consumer(group);
        config.EnableAutoCommit = false;
        config.EnablePartitionEof = true;
        return new ConsumerBuilder<byte[]?, byte[]?>(config).SetErrorHandler((_, _) => { })
            .SetLogHandler((_, _) => { }).Build();
    }

    private static ConsumeResult<byte[]?, byte[]?>? Next(IConsumer<byte[]?, byte[]?> consumer)
    {
        try
        {
            return consumer.Consume(PollTimeout);
        }
        catch (ConsumeException e) when (e.Error.Code == ErrorCode.GroupAuthorizationFailed)
        {
            // The client asks for the group's coordinator all the same; reading goes on.
            return null;
        }
    }
}
