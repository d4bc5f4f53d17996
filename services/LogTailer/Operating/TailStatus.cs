using Checkout.LogTailer.Source;

namespace Checkout.LogTailer.Operating;

public enum TailState { Waiting, Standby, Healing, Active, Stopped }

/// <summary>Where a store's tail is, for health, logs and metrics.</summary>
public sealed class TailStatus(string store, TimeProvider time)
{
    private (TailState State, string Reason) _now = (TailState.Waiting, "starting");
    private readonly Lock _lock = new();
    private long _healed;
    private long _lostSlots;

    public string Store => store;
    /// <summary>That of the store; null before the store was read.</summary>
    public string? Topic { get; set; }
    /// <summary>As PostgreSQL told it last; null before its first answer.</summary>
    public SlotState? Slot { get; set; }
    /// <summary>Events published from the store, because the topic did not have them.</summary>
    public long Healed => Interlocked.Read(ref _healed);
    public long LostSlots => Interlocked.Read(ref _lostSlots);
    public (TailState State, string Reason) Now { get { lock (_lock) return _now; } }

    /// <summary>Between the store and its topic.</summary>
    public Lag Lag { get; } = new(time);

    public void HasHealed(long events) => Interlocked.Add(ref _healed, events);

    public void HasLostSlot() => Interlocked.Increment(ref _lostSlots);

    /// <summary>False when this was said already.</summary>
    public bool Set(TailState state, string reason)
    {
        lock (_lock)
        {
            if (_now == (state, reason)) return false;
            _now = (state, reason);
            return true;
        }
    }
}
