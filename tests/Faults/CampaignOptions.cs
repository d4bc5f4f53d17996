namespace Checkout.Faults;

internal sealed record CampaignOptions(int Seed, int First, int Rounds, bool InMemoryBroker, string Folder, IReadOnlyList<FaultKind> Kinds)
{
    /// <summary>The words that play the same faults in this round again.</summary>
    public string Replay(int round) => $"dotnet run --project tests/Faults -- --seed {Seed} --first {round} --rounds 1{(InMemoryBroker ? " --in-memory-broker" : "")}{Only}";

    private string Only => Kinds.Count == (InMemoryBroker ? FaultKinds.InMemory : FaultKinds.All).Count ? "" : $" --only {string.Join(',', Kinds.Select(kind => kind.Word()))}";
}
