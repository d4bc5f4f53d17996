namespace Checkout.Store.Checkouts;

/// <summary>Section Checkouts: what the edge promises, and from when on it takes no more.</summary>
public sealed class CheckoutOptions
{
    /// <summary>
    /// How long a checkout may be funded and assigned after it was posted; later it is refused and refunded.
    /// </summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A checkout that is accepted shall end within this while things go on: no more are taken than can.
    /// </summary>
    public TimeSpan Objective { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// So long the oldest checkout may wait before new ones are refused, where a newer one waits too: above what a
    /// short outage of Kafka takes.
    /// </summary>
    public TimeSpan LongestQueue { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>So many may be under way whatever this machine was seen to do.</summary>
    public int SurelyUnderWay { get; set; } = 500;

    /// <summary>More than these are never under way.</summary>
    public int MostUnderWay { get; set; } = 100_000;

    /// <summary>
    /// A stream on which nothing happens says so this often; below what proxies on the way let a connection be silent.
    /// </summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Open streams and waiting requests of this instance.</summary>
    public int MostFollowers { get; set; } = 10_000;

    public IEnumerable<string> Problems()
    {
        if (Deadline <= TimeSpan.Zero)
            yield return $"Checkouts:Deadline is {Deadline}; give a time above zero, such as 00:05:00.";
        if (Objective <= TimeSpan.Zero)
            yield return $"Checkouts:Objective is {Objective}; give a time above zero, such as 00:00:05.";
        if (LongestQueue < Objective)
            yield return $"Checkouts:LongestQueue is {LongestQueue}; give a time of at least Checkouts:Objective "
                + $"({Objective}), such as 00:00:30.";
        if (SurelyUnderWay < 1)
            yield return $"Checkouts:SurelyUnderWay is {SurelyUnderWay}; give a number from 1, such as 500.";
        if (MostUnderWay < SurelyUnderWay)
            yield return $"Checkouts:MostUnderWay is {MostUnderWay}; give at least Checkouts:SurelyUnderWay "
                + $"({SurelyUnderWay}), such as 100000.";
        if (Heartbeat < TimeSpan.FromSeconds(1) || Heartbeat > TimeSpan.FromMinutes(5))
            yield return $"Checkouts:Heartbeat is {Heartbeat}; give a time from 00:00:01 to 00:05:00, such as "
                + "00:00:15.";
        if (MostFollowers < 1)
            yield return $"Checkouts:MostFollowers is {MostFollowers}; give a number from 1, such as 10000.";
    }
}
