namespace Checkout.Chassis.WireFormat;

/// <summary>Where a record stands on its partition's chain, seen from what has been handled.</summary>
public enum Link
{
    /// <summary>
    /// Handled before: a redelivery, a duplicate on the topic, a topic made anew and read from its start.
    /// </summary>
    Seen,
    /// <summary>The successor of what has been handled.</summary>
    Next,
    /// <summary>A record between is missing.</summary>
    Gap,
    /// <summary>Another event at the position that was handled last: a second history of the store.</summary>
    OtherEvent,
    /// <summary>The record comes later and follows an earlier one than was handled: a second history, too.</summary>
    OtherPast,
}

public static class Chain
{
    /// <summary>By positions alone.</summary>
    public static Link Place(long position, long previous, long handled) =>
        position <= handled ? Link.Seen
        : previous == handled ? Link.Next
        : Link.Gap;

    /// <summary>By ids too, for who may meet another history of the store than the one that was handled.</summary>
    /// <param name="eventId">The record's; null where it does not say.</param>
    /// <param name="handled">The position that was handled last.</param>
    /// <param name="handledId">The event there; null where it is not known.</param>
    public static Link Place(long position, long previous, Guid? eventId, long handled, Guid? handledId) =>
        position == handled && eventId is not null && handledId is not null && eventId != handledId ? Link.OtherEvent
        : position > handled && previous < handled ? Link.OtherPast
        : Place(position, previous, handled);
}
