namespace Checkout.Store.Checkouts.Following;

/// <summary>
/// Who waits for what happens to which checkout, on this instance. What was heard lately is kept for a while: one that
/// comes just behind an event is told of it all the same, though the database may not have it yet.
/// </summary>
/// <param name="most">Of waiting requests and open streams together.</param>
public sealed class Followers(int most)
{
    /// <summary>Some seconds' worth, at the most that one machine does.</summary>
    private const int MostKept = 20_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, List<Follower>> _followers = [];
    private readonly Dictionary<Guid, List<Heard>> _lately = [];
    private readonly Queue<Guid> _kept = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>
    /// To be called before the checkout is read, so that nothing is missed. What came lately is its first news: a read
    /// may not see yet what a record has said. Null where there are too many.
    /// </summary>
    public Follower? TryFollow(Guid checkoutId)
    {
        lock (_lock)
        {
            if (_count >= most) return null;
            _count++;
            var follower = new Follower(checkoutId, Leave);
            if (!_followers.TryGetValue(checkoutId, out var others)) _followers[checkoutId] = others = [];
            others.Add(follower);
            foreach (var heard in _lately.GetValueOrDefault(checkoutId, [])) follower.Tell(heard);
            return follower;
        }
    }

    public void Tell(Guid checkoutId, Heard heard)
    {
        lock (_lock)
        {
            Keep(checkoutId, heard);
            foreach (var follower in _followers.GetValueOrDefault(checkoutId, [])) follower.Tell(heard);
        }
    }

    /// <summary>Something may have been missed: all read anew.</summary>
    public void TellToLook()
    {
        lock (_lock)
            foreach (var follower in _followers.Values.SelectMany(some => some)) follower.TellToLook();
    }

    /// <summary>What came of a checkout lately.</summary>
    public IReadOnlyList<Step> Lately(Guid checkoutId)
    {
        lock (_lock)
            return _lately.GetValueOrDefault(checkoutId, []).ConvertAll(heard => heard.Step);
    }

    private void Keep(Guid checkoutId, Heard heard)
    {
        if (!_lately.TryGetValue(checkoutId, out var steps)) _lately[checkoutId] = steps = [];
        steps.Add(heard);
        _kept.Enqueue(checkoutId);
        if (_kept.Count <= MostKept) return;
        var oldest = _kept.Dequeue();
        var left = _lately[oldest];
        left.RemoveAt(0);
        if (left.Count == 0) _lately.Remove(oldest);
    }

    private void Leave(Follower follower)
    {
        lock (_lock)
        {
            if (!_followers.TryGetValue(follower.CheckoutId, out var all) || !all.Remove(follower)) return;
            _count--;
            if (all.Count == 0) _followers.Remove(follower.CheckoutId);
        }
    }
}

/// <summary>A step as it came from Kafka.</summary>
/// <param name="Cause">The event that it is the answer to.</param>
public sealed record Heard(Step Step, Guid? Cause);

/// <summary>One that follows a checkout. What it was not ready for is kept for it, and it is woken once.</summary>
/// <param name="leave">Takes it from the others.</param>
public sealed class Follower(Guid checkoutId, Action<Follower> leave) : IDisposable
{
    /// <summary>A story has five steps; where a topic is published again, the same ones may come many times.</summary>
    private const int MostUntaken = 32;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _woken = new(0, 1);
    private List<Heard> _heard = [];
    private bool _hasToLook;
    private bool _disposed;

    public Guid CheckoutId => checkoutId;

    public void Tell(Heard heard) => Wake(() =>
    {
        if (_heard.Count < MostUntaken) _heard.Add(heard);
        else _hasToLook = true;
    });

    public void TellToLook() => Wake(() => _hasToLook = true);

    /// <summary>What came since this was called last; waits for it no longer than this.</summary>
    /// <param name="within">After it nothing came, and it is time to look.</param>
    public async Task<(IReadOnlyList<Heard> Heard, bool HasToLook)> WokenAsync(TimeSpan within,
        CancellationToken cancellation)
    {
        var isWoken = await _woken.WaitAsync(within, cancellation);
        lock (_lock)
        {
            var came = (_heard, _hasToLook || !isWoken);
            (_heard, _hasToLook) = ([], false);
            return came;
        }
    }

    public void Dispose()
    {
        leave(this);
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            _woken.Dispose();
        }
    }

    private void Wake(Action with)
    {
        lock (_lock)
        {
            if (_disposed) return;
            with();
            if (_woken.CurrentCount == 0) _woken.Release();
        }
    }
}
