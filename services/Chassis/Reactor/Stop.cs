namespace Checkout.Chassis.Reactor;

/// <summary>Why nothing of a partition is handled from a record on, though its chain fits.</summary>
public enum StopReason
{
    /// <summary>What should be there is not yet: the record's schema, or an own commit. It is tried again.</summary>
    Waits,
    /// <summary>Another history of the store: somebody has to act.</summary>
    Contradicts,
    /// <summary>Another version of the service reacts to it: the topic is left to others.</summary>
    HandedBack,
}

/// <summary>The record from which on nothing was handled.</summary>
/// <param name="Offset">Of that record.</param>
public sealed record Stop(StopReason Reason, long Offset, string Sentence);
