namespace Checkout.Simulation.Model;

/// <summary>Rules that a simulated system breaks, to see that the judge notices. A sound system has none.</summary>
public sealed record Flaws
{
    public static readonly Flaws None = new();

    /// <summary>
    /// Services handle records whatever their place on the chain: what was seen before again, and over gaps.
    /// </summary>
    public bool IgnoresTheChain { get; init; }

    /// <summary>A service takes the next record it is given for the successor, whatever is missing between.</summary>
    public bool StepsOverGaps { get; init; }

    /// <summary>Ids of answers are new on every try in place of following from their cause.</summary>
    public bool MakesUpIds { get; init; }

    /// <summary>Balance does not react to refusals.</summary>
    public bool NeverRefunds { get; init; }

    /// <summary>
    /// An instance judges its batch by how far the chains were handled when it read the records, not when it commits.
    /// </summary>
    public bool DoesNotLookAgain { get; init; }

    /// <summary>The log tailer leaves one event out.</summary>
    public bool LosesAnEvent { get; init; }
}
