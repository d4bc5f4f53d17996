using Confluent.Kafka;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// Partitions that are paused at a record which can't be handled yet, and when each is tried again. One thread.
/// </summary>
internal sealed class Resting(TimeProvider time)
{
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);
    /// <summary>Somebody has to act first.</summary>
    public static readonly TimeSpan LongWait = TimeSpan.FromSeconds(10);

    private readonly Dictionary<TopicPartition, (long At, TimeSpan Wait)> _resting = [];

    public IReadOnlyCollection<TopicPartition> All => _resting.Keys;

    /// <summary>Another consumer reads, and has paused nothing.</summary>
    public void Clear() => _resting.Clear();

    public void Begin(TopicPartition partition, StopReason reason) =>
        _resting[partition] = (time.GetTimestamp(), reason == StopReason.Waits ? Wait : LongWait);

    /// <summary>Those whose time has come; they rest no more.</summary>
    public IReadOnlyList<TopicPartition> Due() => Forget(_resting
        .Where(rest => time.GetElapsedTime(rest.Value.At) >= rest.Value.Wait).Select(rest => rest.Key));

    /// <summary>Those among these that rest; they do no more.</summary>
    public IReadOnlyList<TopicPartition> Forget(IEnumerable<TopicPartition> partitions) =>
        partitions.ToList().FindAll(_resting.Remove);
}
