using Checkout.Chassis.Inbox;
using Confluent.Kafka;

namespace Checkout.Chassis.Reactor;

/// <summary>What was taken from Kafka: records, and for each partition the offset after the last one taken, also where it was seen before.</summary>
internal sealed record Taken(IReadOnlyList<Incoming> Records, IReadOnlyDictionary<TopicPartition, long> Ends)
{
    public static readonly Taken Nothing = new([], new Dictionary<TopicPartition, long>());
}

/// <summary>
/// Records that the service has no row for, and that only its chains have to step over: they wait for a batch that has something to do. Kafka's
/// offsets wait with them.
/// </summary>
internal sealed class PassedOver(TimeProvider time)
{
    private const int MaxWaiting = 1_000;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly List<Incoming> _records = [];
    private readonly Dictionary<TopicPartition, long> _ends = [];
    private long _since;

    /// <summary>Keeps what was taken, where all of it may wait and nothing has waited for long.</summary>
    public bool MayWait(Taken taken, Func<Incoming, bool> isPassedOver)
    {
        if (_records.Count + taken.Records.Count == 0) return false;
        if (_records.Count == 0) _since = time.GetTimestamp();
        if (_records.Count + taken.Records.Count > MaxWaiting || time.GetElapsedTime(_since) >= LongestWait) return false;
        if (!taken.Records.All(isPassedOver)) return false;
        Keep(taken);
        return true;
    }

    /// <summary>All that waits, and this behind it.</summary>
    public Taken TakeWith(Taken taken)
    {
        Keep(taken);
        var all = new Taken(_records.ToList(), new Dictionary<TopicPartition, long>(_ends));
        Clear();
        return all;
    }

    public void Forget(IEnumerable<TopicPartition> left)
    {
        var gone = left.ToHashSet();
        _records.RemoveAll(record => gone.Contains(new(record.Topic, record.Partition)));
        foreach (var partition in gone) _ends.Remove(partition);
    }

    public void Clear()
    {
        _records.Clear();
        _ends.Clear();
    }

    private void Keep(Taken taken)
    {
        _records.AddRange(taken.Records);
        foreach (var (partition, end) in taken.Ends) _ends[partition] = end;
    }
}
