namespace Checkout.Fixtures;

/// <summary>A monotonic clock that moves when it is told to.</summary>
public sealed class ManualTime : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _ticks;

    public void Passes(double seconds) => _ticks += TimeSpan.FromSeconds(seconds).Ticks;
}
