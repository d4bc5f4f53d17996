namespace Checkout.Chassis.Reactor;

/// <summary>Limits of the reactor loop.</summary>
public sealed class ReactorOptions
{
    /// <summary>The most records handled in one transaction; a batch is what Kafka has ready, up to this.</summary>
    public int MaxBatchRecords { get; set; } = 500;

    /// <summary>A batch is closed when its values have so many bytes.</summary>
    public int MaxBatchBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>
    /// For so long a partition's end may move without a record coming, while brokers answer; then a new consumer takes
    /// the place of the one that does not read. Above a group's session and the rebalance behind it.
    /// </summary>
    public TimeSpan LongestStandstill { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// So long a record waits for what should be there and is not: its schema in the registry, or this service's own
    /// commit, which a synchronous standby may keep invisible. Its partition waits with it, and nothing else does; then
    /// the record is parked. Counted from the first of a topic that waits.
    /// </summary>
    public TimeSpan LongestWait { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// So far this process's clock and those of other services may be apart and decide no deadline, however short: one
    /// counts as passed only when it is so long ago. A difference decides one that is longer only where it is above
    /// what the deadline leaves, so a long deadline needs no more.
    /// </summary>
    public TimeSpan ClockTolerance { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>A clock that is further off than this degrades health.</summary>
    public TimeSpan LongestSkew { get; set; } = TimeSpan.FromMinutes(1);

    public IEnumerable<string> Problems()
    {
        if (LongestWait < TimeSpan.Zero)
            yield return $"Reactor:LongestWait is {LongestWait}; give a time as hh:mm:ss, such as 00:05:00.";
        if (ClockTolerance < TimeSpan.Zero)
            yield return $"Reactor:ClockTolerance is {ClockTolerance}; give a time as hh:mm:ss, such as 00:00:02.";
        if (LongestSkew <= TimeSpan.Zero)
            yield return $"Reactor:LongestSkew is {LongestSkew}; give a time as hh:mm:ss, such as 00:01:00.";
        if (LongestStandstill <= TimeSpan.Zero)
            yield return $"Reactor:LongestStandstill is {LongestStandstill}; "
                + "give a time as hh:mm:ss, such as 00:00:20.";
        if (MaxBatchRecords is < 1 or > 10_000)
            yield return $"Reactor:MaxBatchRecords is {MaxBatchRecords}; give a number from 1 to 10000.";
        if (MaxBatchBytes < 1024) yield return $"Reactor:MaxBatchBytes is {MaxBatchBytes}; give at least 1024.";
    }
}
