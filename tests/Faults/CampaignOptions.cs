using System.Globalization;

namespace Checkout.Faults;

/// <param name="Rounds">How many are played, where there is no total.</param>
/// <param name="Total">How many of the series the ledger shall have as held; null where rounds are counted.</param>
internal sealed record CampaignOptions(
    int Seed, int First, int Rounds, int? Total, bool InMemoryBroker, string Folder, IReadOnlyList<FaultKind> Kinds)
{
    private const string AllKinds = "all";

    public string Selection => Kinds.Count == Possible(InMemoryBroker).Count
        ? AllKinds : string.Join(',', Kinds.Select(kind => kind.Word()));

    public static IReadOnlyList<FaultKind> Possible(bool inMemoryBroker) =>
        inMemoryBroker ? FaultKinds.InMemory : FaultKinds.All;

    /// <summary>The words that play the same faults in this round again.</summary>
    public string Replay(int round) => string.Create(CultureInfo.InvariantCulture,
        $"dotnet run{Built} --project tests/Faults -- --seed {Seed} --first {round} --rounds 1{Broker}{Only}");

    private static string Built => RunningProgram.Configuration == "Release" ? " -c Release" : "";

    private string Broker => InMemoryBroker ? " --in-memory-broker" : "";

    private string Only => Selection == AllKinds ? "" : $" --only {Selection}";
}
