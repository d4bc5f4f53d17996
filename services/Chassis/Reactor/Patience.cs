namespace Checkout.Chassis.Reactor;

/// <summary>
/// How long is waited for what should be there, a schema that the registry does not know or an own commit that is not
/// visible. Counted for each topic from the first record that had to wait, over all that follow it, so that a flood of
/// records at fault costs the limit once, and not once for each. One thread at a time.
/// </summary>
internal sealed class Patience(TimeSpan limit, TimeProvider time)
{
    private readonly Dictionary<string, (long Since, long Last)> _waits = [];

    /// <summary>Whether the wait is over. A topic on which nothing waited for as long begins anew.</summary>
    public bool IsOver(string topic)
    {
        var now = time.GetTimestamp();
        if (!_waits.TryGetValue(topic, out var wait) || time.GetElapsedTime(wait.Last, now) > limit)
            wait = (now, now);
        _waits[topic] = wait with { Last = now };
        return time.GetElapsedTime(wait.Since, now) >= limit;
    }
}
