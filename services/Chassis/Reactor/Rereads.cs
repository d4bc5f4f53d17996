using Confluent.Kafka;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// Which partitions that miss a record are to be read from their start, and when: at once, and again whenever the chain
/// got further before it missed one; where it misses the same, ever more seldom, since a topic may be large.
/// </summary>
internal sealed class Rereads(TimeProvider time)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    private readonly Dictionary<TopicPartition, Reread> _last = [];

    /// <summary>
    /// A record is missing behind this position: whether the partition is to be read from its start now.
    /// </summary>
    public bool IsDue(TopicPartition partition, long handled)
    {
        if (_last.TryGetValue(partition, out var last) && last.Behind >= handled) return false;
        _last[partition] = new(handled, time.GetTimestamp(), FirstWait);
        return true;
    }

    /// <summary>
    /// The partitions that still miss what they missed when they were read from their start last, a while ago.
    /// </summary>
    public IReadOnlyList<TopicPartition> Due()
    {
        if (_last.Count == 0) return [];
        var due = _last.Where(reread => time.GetElapsedTime(reread.Value.At) >= reread.Value.Wait)
            .Select(reread => reread.Key).ToList();
        foreach (var partition in due)
        {
            var wait = _last[partition].Wait * 2;
            _last[partition] = _last[partition] with
            {
                At = time.GetTimestamp(),
                Wait = wait < LongestWait ? wait : LongestWait
            };
        }
        return due;
    }

    /// <summary>Its chain is whole, or it is another's.</summary>
    public void Forget(TopicPartition partition) => _last.Remove(partition);

    private sealed record Reread(long Behind, long At, TimeSpan Wait);
}
