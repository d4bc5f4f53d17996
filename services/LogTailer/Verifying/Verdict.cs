namespace Checkout.LogTailer.Verifying;

/// <summary>What comparing one store with its topic came to.</summary>
/// <param name="Events">Events of the store that were compared.</param>
/// <param name="Duplicates">Records that repeat an event which the topic already held; consumers drop them by their
/// position.</param>
/// <param name="Forgotten">Events that the in-memory broker keeps no more, 5 MiB a partition being all it keeps; 0 on a
/// real Kafka.</param>
/// <param name="Difference">The first difference, in a sentence; null where store and topic hold the same
/// events.</param>
public sealed record Verdict(string Store, string Topic, long Events, long Duplicates, long Forgotten,
    string? Difference)
{
    /// <summary>
    /// The topic has all of the store's events, and beside them what somebody else wrote there, which consumers pass
    /// by.
    /// </summary>
    public bool OnlyForeign { get; init; }

    public override string ToString() => Difference is null
        ? $"{Store}: {Topic} holds the store's {Events} events, the same and in the same order{Beside}."
        : $"{Store}: {Topic} differs from the store: {Difference}";

    private string Beside => (Duplicates > 0 ? $"; {Duplicates} duplicate records, which consumers drop" : "")
        + (Forgotten > 0 ? $"; the {Forgotten} oldest are kept by the in-memory broker no more" : "");
}
