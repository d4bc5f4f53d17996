using System.Buffers.Binary;

namespace Checkout.Store.Checkouts.Admitting;

/// <summary>
/// Which checkouts are known to be under way, in the order in which they were posted: an id (UUID version 7) begins
/// with that time. The newest that ended is the frontier. What is older than it and has not ended is late: something
/// of its own holds it up, and after a while it counts as stuck. What is newer is the queue. One thread at a time.
/// </summary>
public sealed class UnderWay(TimeSpan stuckAfter)
{
    private const int TimeOrdered = 7;

    /// <summary>A checkout that this instance just takes may not be in the database yet.</summary>
    private static readonly TimeSpan Unsettled = TimeSpan.FromSeconds(5);

    private readonly SortedSet<Guid> _queue = [];
    private readonly SortedSet<Guid> _late = [];
    private readonly HashSet<Guid> _stuck = [];
    private HashSet<Guid>? _endedMeanwhile;
    private HashSet<Guid>? _begunMeanwhile;

    /// <summary>The newest that has ended, or went all the way.</summary>
    public Guid Frontier { get; private set; }

    /// <summary>What is waited for: in the queue, or late and not stuck yet.</summary>
    public int Count => _queue.Count + _late.Count;

    public int Stuck => _stuck.Count;

    /// <summary>Null where nothing is in the queue.</summary>
    public Guid? Oldest => _queue.Count > 0 ? _queue.Min : null;

    public void Begin(Guid id)
    {
        _begunMeanwhile?.Add(id);
        Add(id);
    }

    /// <summary>It has ended, or came to nothing.</summary>
    public void End(Guid id)
    {
        _begunMeanwhile?.Remove(id);
        _endedMeanwhile?.Add(id);
        Remove(id);
    }

    /// <summary>It went all the way, so whatever is posted now may; what was posted before it should have.</summary>
    public void Pass(Guid id, DateTime now)
    {
        // One of an instance whose clock is ahead is no newer than what is posted now.
        var frontier = TimeOf(id) is { } time && time > now ? FirstOf(now) : id;
        if (id.Version != TimeOrdered || frontier.CompareTo(Frontier) <= 0) return;
        Frontier = frontier;
        while (_queue.Count > 0 && _queue.Min.CompareTo(Frontier) <= 0)
        {
            _late.Add(_queue.Min);
            _queue.Remove(_queue.Min);
        }
    }

    /// <summary>The oldest in the queue that was posted after a time.</summary>
    public Guid? FirstAfter(DateTime time) =>
        _queue.Count == 0 || FirstOf(time) is var first && first.CompareTo(_queue.Max) > 0 ? null
            : _queue.GetViewBetween(first, _queue.Max).Min;

    /// <summary>What was late for long is stuck.</summary>
    public void Age(DateTime now)
    {
        while (_late.Count > 0 && now - TimeOf(_late.Min) >= stuckAfter)
        {
            _stuck.Add(_late.Min);
            _late.Remove(_late.Min);
        }
    }

    /// <summary>Before the database is asked what is under way: what happens meanwhile is newer.</summary>
    public void BeginReconciling() => (_endedMeanwhile, _begunMeanwhile) = ([], []);

    /// <param name="underWay">As the database said.</param>
    /// <param name="newestEnded">The same; null where none has.</param>
    public void Reconcile(IEnumerable<Guid> underWay, Guid? newestEnded, DateTime now)
    {
        var (ended, begun) = (_endedMeanwhile ?? [], _begunMeanwhile ?? []);
        (_endedMeanwhile, _begunMeanwhile) = (null, null);
        var kept = _queue.Concat(_late).Where(id => now - TimeOf(id) < Unsettled).Concat(begun).ToList();
        _queue.Clear();
        _late.Clear();
        _stuck.Clear();
        foreach (var id in underWay.Where(id => !ended.Contains(id)).Concat(kept)) Add(id);
        if (newestEnded is { } newest) Pass(newest, now);
        Age(now);
    }

    /// <summary>When it was posted, UTC; null where its id does not say.</summary>
    public static DateTime? TimeOf(Guid id)
    {
        if (id.Version != TimeOrdered) return null;
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var milliseconds = (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16);
        return DateTime.UnixEpoch.AddMilliseconds(milliseconds);
    }

    /// <summary>The lowest id of this millisecond.</summary>
    private static Guid FirstOf(DateTime time)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)(time - DateTime.UnixEpoch).TotalMilliseconds << 16);
        bytes[6] = TimeOrdered << 4;
        return new(bytes, bigEndian: true);
    }

    private void Add(Guid id)
    {
        if (id.Version != TimeOrdered) _stuck.Add(id);
        else if (id.CompareTo(Frontier) > 0) _queue.Add(id);
        else if (!_stuck.Contains(id)) _late.Add(id);
    }

    private void Remove(Guid id)
    {
        if (!_queue.Remove(id) && !_late.Remove(id)) _stuck.Remove(id);
    }
}
