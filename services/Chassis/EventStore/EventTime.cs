namespace Checkout.Chassis.EventStore;

/// <summary>
/// A time as fine as an event and a database keep it, so that what is said at once is what will be read later.
/// </summary>
public static class EventTime
{
    /// <summary>In whole microseconds: what is finer is cut off.</summary>
    /// <param name="time">UTC.</param>
    public static DateTime Of(DateTime time) =>
        new(time.Ticks - time.Ticks % TimeSpan.TicksPerMicrosecond, DateTimeKind.Utc);
}
