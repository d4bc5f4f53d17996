using Checkout.Chassis.Resilience;

namespace Checkout.Chassis.EventStore;

/// <summary>
/// Whether the store may be appended to: not while it lacks what its topic holds, or may lack it. Any number of
/// threads.
/// </summary>
public sealed class StoreHold
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _released;
    private volatile string? _why;
    private int _histories;
    private long _highest;

    /// <summary>Why nothing is appended, as an operator reads it; null where it is.</summary>
    public string? Why => _why;

    /// <summary>
    /// How often it was seen that the store's history was changed under this process: what is remembered of before is
    /// void.
    /// </summary>
    public int Histories => Volatile.Read(ref _histories);

    /// <summary>The highest position that this process has seen the store end at, in the history it is in.</summary>
    public long Highest => Interlocked.Read(ref _highest);

    /// <summary>The store ended there.</summary>
    /// <param name="history">How often its history had been changed when that was asked.</param>
    public void Saw(long position, int history)
    {
        lock (_lock)
            if (history == _histories && position > _highest) _highest = position;
    }

    /// <summary>
    /// A transaction found the store at this end. Under a process that goes on, a database may become a backup between
    /// two looks at it.
    /// </summary>
    /// <param name="seen">The highest position that was known before the transaction began: others commit
    /// meanwhile.</param>
    /// <param name="history">How often its history had been changed then.</param>
    /// <exception cref="StoreWentBackException">It was seen to end behind that, or may not be appended to.</exception>
    public void MustReach(long position, long seen, int history)
    {
        // Who waited for its turn meanwhile was let in before.
        if (Why is { } held) throw new StoreWentBackException(held);
        if (history != Histories) throw new StoreWentBackException("the store's history was changed meanwhile");
        if (position >= seen) return;
        var why = $"the store ends at position {position} and was seen to end at {seen}: it was lost, restored or "
            + "promoted too early";
        lock (_lock)
            if (history == _histories) Hold(why);
        throw new StoreWentBackException(why);
    }

    public void Hold(string why)
    {
        lock (_lock)
        {
            _released ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            _why = why;
        }
    }

    /// <param name="position">Where the store ends that may be appended to.</param>
    public void Release(long? position = null)
    {
        lock (_lock)
        {
            if (position is { } end) _highest = end;
            _why = null;
            _released?.SetResult();
            _released = null;
        }
    }

    /// <summary>The store was refilled, or is another: it is held in the same moment.</summary>
    /// <param name="why">Where it is not held already.</param>
    public void BeginAnew(string why)
    {
        lock (_lock)
        {
            if (_why is null) Hold(why);
            _highest = 0;
            _histories++;
        }
    }

    /// <summary>Ends when the store may be appended to.</summary>
    public Task ReleasedAsync(CancellationToken cancellation)
    {
        lock (_lock) return _released?.Task.WaitAsync(cancellation) ?? Task.CompletedTask;
    }
}
