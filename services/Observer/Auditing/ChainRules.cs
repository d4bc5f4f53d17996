namespace Checkout.Observer.Auditing;

/// <summary>A store's chain, as far as it is judged.</summary>
/// <param name="Judged">Up to this position every event has been, or was said to be missing.</param>
/// <param name="Passed">The highest position that was passed over, or whose event can't be read.</param>
/// <param name="Last">By partition, the position of its last event.</param>
public sealed record ChainState(long Judged, long Passed, IReadOnlyDictionary<int, long> Last);

/// <summary>
/// Every chain is whole: positions 1 to N over all partitions, each naming the one before on its own.
/// </summary>
public static class ChainRules
{
    /// <summary>The next event of the chain, in the order of positions.</summary>
    public static (ChainState State, Finding? Finding) Next(ChainState state, Told e)
    {
        var before = state.Last.GetValueOrDefault(e.Partition);
        var next = state with
        {
            Judged = e.Position,
            Passed = e.Fields is null ? e.Position : state.Passed,
            Last = new Dictionary<int, long>(state.Last) { [e.Partition] = e.Position },
        };
        // Of a partition on which something may be missing the link can't be known.
        if (e.Previous == before || state.Passed > before) return (next, null);
        return (next, new(Kinds.ChainBroken, $"{e.Topic} {e.Position}",
            $"Position {e.Position} of {e.Topic} names {e.Previous} as the one before it on partition {e.Partition}, "
                + $"and that is {before}.")
        { Places = before > 0 ? [(e.Topic, before), (e.Topic, e.Position)] : [(e.Topic, e.Position)] });
    }

    /// <summary>Positions that are passed over.</summary>
    public static ChainState PassOver(ChainState state, long last) =>
        state with { Judged = last, Passed = last };

    public static Finding Missing(string topic, long first, long last, long behind) =>
        new(Kinds.PositionMissing, $"{topic} {first}",
            (first == last ? $"Position {first} of {topic} is" : $"Positions {first} to {last} of {topic} are")
                + $" on no partition, and {behind} is.")
        { Places = [(topic, behind)] };
}
