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
}

public static class Chain
{
    public static Link Place(long position, long previous, long handled) =>
        position <= handled ? Link.Seen
        : previous == handled ? Link.Next
        : Link.Gap;
}
