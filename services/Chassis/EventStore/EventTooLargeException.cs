namespace Checkout.Chassis.EventStore;

/// <summary>
/// An event larger than EventStore:MaxEventBytes. Refused before it is appended: in the log it would be stuck, since no
/// broker takes it, and hold up all behind it.
/// </summary>
public sealed class EventTooLargeException(string type, int bytes, int maxBytes)
    : Exception($"The event {type} would be a record of {bytes:N0} bytes; the largest that is accepted has "
        + $"{maxBytes:N0} (EventStore:MaxEventBytes), so that Kafka takes it.");
