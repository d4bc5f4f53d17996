using Checkout.Chassis.Inbox;
using Confluent.Kafka;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// What was taken from Kafka: records, and for each partition the offset after the last one taken, also where it was
/// seen before.
/// </summary>
internal sealed record Fetched(IReadOnlyList<Incoming> Records, IReadOnlyDictionary<TopicPartition, long> Ends)
{
    public static readonly Fetched Nothing = new([], new Dictionary<TopicPartition, long>());
}

/// <summary>
/// Records that the service has no row for, and that only its chains have to step over: they wait for a batch that has
/// something to do. Kafka's offsets wait with them.
/// </summary>
/// <param name="longestWait">Of the oldest of them.</param>
internal sealed class PassedOver(TimeSpan longestWait, TimeProvider time)
{
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The in-memory broker drops its oldest records, so LogTailer waits there for what its readers have not committed.
    /// </summary>
    public static readonly TimeSpan LongestWaitInMemory = TimeSpan.FromMilliseconds(250);

    private const int MaxWaiting = 1_000;

    private readonly List<Incoming> _records = [];
    private readonly Dictionary<TopicPartition, long> _ends = [];
    private long _since;

    /// <summary>
    /// Keeps what was taken, where all of it may wait, follows on its chains what is known to be handled or waits
    /// already, and nothing has waited for long. So a gap is seen at once, as it is with a batch.
    /// </summary>
    /// <param name="handled">How far a partition is known to be handled; null where that is not known.</param>
    public bool MayWait(Fetched fetched, Func<Incoming, bool> isPassedOver,
        Func<(string Topic, int Partition), long?> handled)
    {
        if (_records.Count + fetched.Records.Count == 0) return false;
        if (_records.Count == 0) _since = time.GetTimestamp();
        if (_records.Count + fetched.Records.Count > MaxWaiting || time.GetElapsedTime(_since) >= longestWait)
            return false;
        if (!fetched.Records.All(isPassedOver) || !Follows(fetched.Records, handled)) return false;
        Keep(fetched);
        return true;
    }

    private bool Follows(IReadOnlyList<Incoming> records, Func<(string Topic, int Partition), long?> handled)
    {
        var last = new Dictionary<(string, int), long?>();
        foreach (var record in _records.Where(record => record.HasChain))
            last[(record.Topic, record.Partition)] = record.Position;
        foreach (var record in records.Where(record => record.HasChain))
        {
            var partition = (record.Topic, record.Partition);
            if ((last.TryGetValue(partition, out var position) ? position : handled(partition)) != record.Previous)
                return false;
            last[partition] = record.Position;
        }
        return true;
    }

    /// <summary>All that waits, and this behind it.</summary>
    public Fetched TakeWith(Fetched fetched)
    {
        Keep(fetched);
        var all = new Fetched(_records.ToList(), new Dictionary<TopicPartition, long>(_ends));
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

    /// <summary>Lets it wait, whatever it is.</summary>
    public void Keep(Fetched fetched)
    {
        _records.AddRange(fetched.Records);
        foreach (var (partition, end) in fetched.Ends) _ends[partition] = end;
    }
}
