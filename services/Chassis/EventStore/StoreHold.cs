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

    /// <summary>Why nothing is appended, as an operator reads it; null where it is.</summary>
    public string? Why => _why;

    /// <summary>
    /// How often it was seen that the store's history was changed under this process: what is remembered of before is
    /// void.
    /// </summary>
    public int Histories => Volatile.Read(ref _histories);

    public void Hold(string why)
    {
        lock (_lock)
        {
            _released ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            _why = why;
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            _why = null;
            _released?.SetResult();
            _released = null;
        }
    }

    /// <summary>The store was refilled.</summary>
    public void BeginAnew() => Interlocked.Increment(ref _histories);

    /// <summary>Ends when the store may be appended to.</summary>
    public Task ReleasedAsync(CancellationToken cancellation)
    {
        lock (_lock) return _released?.Task.WaitAsync(cancellation) ?? Task.CompletedTask;
    }
}
