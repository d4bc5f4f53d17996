using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Checkout.LogTailer.Sink;

/// <summary>
/// What acknowledgements don't say about the topic, looked at now and then: whether it still begins where it began,
/// since records removed there leave the offsets as they are; and, while nothing is being published, whether it ends
/// where the last acknowledgement left it, so that a topic lost in a quiet hour is filled again without waiting for the
/// next event.
/// </summary>
/// <param name="begun">The offsets at which the partitions began; null where the broker drops the oldest.</param>
public sealed class TopicWatch(IAdminClient admin, ITopic topics, string topic, int partitions, long[]? begun,
    Publisher publisher)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(stop))
        {
            try
            {
                await CompareAsync();
            }
            catch (KafkaException)
            {
                // The brokers are away. If the topic went with them, the first answer after their return says so.
            }
        }
    }

    private async Task CompareAsync()
    {
        if (begun is not null) await BeginningAsync(begun);
        if (publisher.QuietEnds() is not { } before) return;
        var actual = await OffsetsAsync(OffsetSpec.Latest());
        // Only if nothing was published meanwhile is the comparison fair.
        if (publisher.QuietEnds() is not { } after || !after.SequenceEqual(before)) return;
        for (var p = 0; p < before.Length; p++)
            if (actual[p] != before[p])
                throw new TopicChangedException(
                    $"Topic {topic} partition {p} ends at offset {actual[p]} and should end at {before[p]}: it was "
                        + $"truncated, made anew, or written by another.");
    }

    private async Task BeginningAsync(long[] begun)
    {
        var actual = await OffsetsAsync(OffsetSpec.Earliest());
        for (var p = 0; p < begun.Length; p++)
            if (actual[p] != begun[p])
                throw new TopicChangedException(
                    $"Topic {topic} partition {p} begins at offset {actual[p]} and began at {begun[p]}: "
                        + "records were removed.");
    }

    private async Task<long[]> OffsetsAsync(OffsetSpec which)
    {
        try
        {
            var questions = Enumerable.Range(0, partitions)
                .Select(p => new TopicPartitionOffsetSpec { TopicPartition = new(topic, p), OffsetSpec = which });
            var listed = await admin.ListOffsetsAsync(questions, new() { RequestTimeout = RequestTimeout })
                .AnsweredAsync(RequestTimeout);
            // A partition without a leader at the moment comes without an exception, and without an offset.
            if (listed.ResultInfos.Find(r => r.TopicPartitionOffsetError.Error.IsError
                || r.TopicPartitionOffsetError.Offset.Value < 0) is { } unknown)
                throw new KafkaException(unknown.TopicPartitionOffsetError.Error.IsError
                    ? unknown.TopicPartitionOffsetError.Error : new(ErrorCode.LeaderNotAvailable));
            return [.. listed.ResultInfos.OrderBy(r => r.TopicPartitionOffsetError.Partition.Value)
                .Select(r => r.TopicPartitionOffsetError.Offset.Value)];
        }
        catch (KafkaException)
        {
            // A deleted topic is told as UnknownTopicOrPart, or for good as "Failed to query partition leaders"
            // (librdkafka 2.16.0): ask for the topic itself.
            if (await topics.PartitionsAsync(topic) is null) throw new TopicChangedException($"Topic {topic} is gone.");
            throw;
        }
    }
}
