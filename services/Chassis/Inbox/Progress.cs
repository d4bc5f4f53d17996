namespace Checkout.Chassis.Inbox;

/// <summary>How far a partition has been handled.</summary>
/// <param name="Position">Of the last event handled, 0 before the first; on a topic without a chain the offset behind
/// the last record.</param>
/// <param name="EventId">The event at that position; null where it is not known.</param>
public readonly record struct Progress(long Position, Guid? EventId);
