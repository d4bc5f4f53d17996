using Checkout.Chassis.Kafka;
using Confluent.Kafka;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// Whether the consumer still reads: no silence without an end, whatever its cause. A consumer that takes nothing of
/// what is appended to its partitions, or belongs to no group, while brokers answer others, is replaced. The loop's
/// thread only.
/// </summary>
internal sealed class ReadingWatch(KafkaOptions kafka, BrokerWatch brokers, ReactorOptions options, Lag lag,
    TimeProvider time) : IDisposable
{
    /// <summary>
    /// A consumer may be so many times longer in no group than a partition may stand: joining waits for the other
    /// members.
    /// </summary>
    private const int OutsideFactor = 3;
    /// <summary>
    /// Replacing costs the group a rebalance, and may not help: a transaction that was aborted moves a partition's end,
    /// too, and has no record to give. So each limit grows so many times until a record comes.
    /// </summary>
    private const int MaxFactor = 16;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly AskedEnds _ends = new(kafka, time);
    private readonly Standstill _standstill = new(time);
    private int _factor = 1;
    private long _lookedAt;
    private long? _outsideSince;

    /// <summary>A new consumer.</summary>
    public void Begin()
    {
        foreach (var partition in _standstill.Partitions.ToList()) _standstill.Forget(partition);
        _outsideSince = null;
        _ends.Want([]);
    }

    /// <param name="starts">Where each is read from; what brokers know alone is the beginning at the earliest.</param>
    public void Assigned(IEnumerable<TopicPartitionOffset> starts)
    {
        foreach (var start in starts) _standstill.BeginAnew(start.TopicPartition, Math.Max(0, start.Offset.Value));
        _ends.Want(_standstill.Partitions);
    }

    public void Forget(TopicPartition partition)
    {
        _standstill.Forget(partition);
        _ends.Want(_standstill.Partitions);
    }

    public void Came(TopicPartition partition)
    {
        _standstill.BeginAnew(partition);
        _factor = 1;
    }

    /// <summary>It is not read, for a reason of our own.</summary>
    public void Rests(TopicPartition partition) => _standstill.BeginAnew(partition);

    public void BeginAllAnew() => _standstill.BeginAllAnew();

    /// <summary>Null while it reads, or has reasons not to.</summary>
    public string? WhyForgotten(IConsumer<byte[]?, byte[]?> consumer)
    {
        if (time.GetElapsedTime(_lookedAt) < Interval) return null;
        _lookedAt = time.GetTimestamp();
        if (brokers.IsSilent)
        {
            _outsideSince = null;
            _standstill.BeginAllAnew();
            return null;
        }
        if (Why(consumer) is not { } why) return null;
        _factor = Math.Min(_factor * 2, MaxFactor);
        return why;
    }

    private string? Why(IConsumer<byte[]?, byte[]?> consumer)
    {
        if (_ends.Take() is { } answer)
        {
            _standstill.Answered(answer.Ends, answer.AskedAt);
            lag.Answered(answer.Ends, answer.AskedAt);
        }
        var limit = _factor * options.LongestStandstill;
        if (_standstill.LongerThan(limit) is { } partition)
            return $"the end of {partition.Topic}/{partition.Partition.Value} moves, and nothing came for "
                + $"{limit.TotalSeconds:F0} s.";
        if (!string.IsNullOrEmpty(consumer.MemberId)) _outsideSince = null;
        else if (time.GetElapsedTime(_outsideSince ??= time.GetTimestamp()) > OutsideFactor * limit)
            return $"it was no member of its group for {(OutsideFactor * limit).TotalSeconds:F0} s, though brokers "
                + "answer.";
        return null;
    }

    public void Dispose() => _ends.Dispose();
}
