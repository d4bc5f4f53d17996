namespace Checkout.LogTailer.Operating;

/// <param name="Events">Of the store, that Kafka has not acknowledged as far as this process knows.</param>
/// <param name="Age">For how long the oldest of them has been seen in the store.</param>
public readonly record struct Behind(long Events, TimeSpan Age);

/// <summary>
/// How far a store's topic is behind its store: the store's head, looked at every second, against the last position
/// before which everything is acknowledged. Ages go by this process's monotonic clock and not by the events' times, so
/// that no clock that is wrong makes a lag or hides one.
/// </summary>
public sealed class Lag(TimeProvider time)
{
    /// <summary>How many heads are remembered; older ones are thinned out.</summary>
    public const int MaxHeads = 1_024;

    private readonly Lock _lock = new();
    // The heads seen that are not acknowledged yet, oldest first.
    private readonly List<(long Position, long SeenAt)> _heads = [];
    private long? _acknowledged;
    private long? _head;

    /// <summary>The store's head as it was seen last; null before it was.</summary>
    public long? Head { get { lock (_lock) return _head; } }

    /// <summary>Up to there everything is acknowledged; null where this process does not know.</summary>
    public long? AcknowledgedTo { get { lock (_lock) return _acknowledged; } }

    /// <summary>The store's head is there.</summary>
    public void Seen(long head)
    {
        lock (_lock)
        {
            _head = head;
            // A store that was restored begins again.
            if (_heads.Count > 0 && _heads[^1].Position > head) _heads.Clear();
            if (head > Math.Max(_acknowledged ?? 0, _heads.Count > 0 ? _heads[^1].Position : 0))
                _heads.Add((head, time.GetTimestamp()));
            if (_heads.Count > MaxHeads) Thin();
        }
    }

    /// <summary>Everything up to there is acknowledged; null where another process publishes, which knows.</summary>
    public void Acknowledged(long? position)
    {
        lock (_lock)
        {
            _acknowledged = position;
            _heads.RemoveAll(head => head.Position <= position);
        }
    }

    /// <summary>Null where it is not known what is acknowledged.</summary>
    public Behind? Now
    {
        get
        {
            lock (_lock)
                return _acknowledged is not { } acknowledged ? null
                    : _heads.Count == 0 ? new(0, TimeSpan.Zero)
                    : new(_heads[^1].Position - acknowledged, time.GetElapsedTime(_heads[0].SeenAt));
        }
    }

    /// <summary>
    /// Every second one goes, but for the first and the last: ages are then too low by what lies between two of them.
    /// </summary>
    private void Thin()
    {
        for (var i = _heads.Count - 2; i > 0; i -= 2) _heads.RemoveAt(i);
    }
}
