namespace Checkout.Observer;

/// <summary>How far the audit is, as this instance knows it.</summary>
public sealed class AuditStatus(TimeProvider time)
{
    private readonly Lock _lock = new();
    private DateTime _begunAt = time.GetUtcNow().UtcDateTime;
    private DateTime? _frontier;
    private DateTime? _movedAt;
    private long _behind;
    private long _records;

    /// <summary>All that was on the topics then is read and judged, UTC; null before that was so once.</summary>
    public DateTime? Frontier { get { lock (_lock) return _frontier; } }

    /// <summary>When it last read something or found nothing to read, UTC.</summary>
    public DateTime MovedAt { get { lock (_lock) return _movedAt ?? _begunAt; } }

    /// <summary>Records that brokers had and that were not judged, when they were asked last.</summary>
    public long BehindMessages => Interlocked.Read(ref _behind);

    /// <summary>Records judged since this process began.</summary>
    public long Records => Interlocked.Read(ref _records);

    /// <summary>So old is what the audit says.</summary>
    public TimeSpan Age
    {
        get
        {
            var at = Frontier ?? _begunAt;
            var age = time.GetUtcNow().UtcDateTime - at;
            return age > TimeSpan.Zero ? age : TimeSpan.Zero;
        }
    }

    public void HasBegun(DateTime now)
    {
        lock (_lock) _begunAt = now;
    }

    public void HasMoved(DateTime now, int records)
    {
        Interlocked.Add(ref _records, records);
        lock (_lock) _movedAt = now;
    }

    public void IsBehind(long messages) => Interlocked.Exchange(ref _behind, messages);

    public void HasReached(DateTime frontier, DateTime now)
    {
        lock (_lock) (_frontier, _movedAt) = (frontier, now);
    }
}
