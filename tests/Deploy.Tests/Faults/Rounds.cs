using Checkout.Faults;

namespace Checkout.Deploy.Tests.Faults;

/// <summary>Rounds as if they had been played.</summary>
internal static class Rounds
{
    private const int Checkouts = 160;

    public static readonly Series Released =
        new("d0e5241cab48013b5e6316358949fcf1332ef7f7", "Release", "Apache Kafka 4.3.1", "all");

    public static PlayedRound Held(
        int round, int seed = 1, Series? series = null, double seconds = 10, params FaultKind[] kinds)
    {
        var plan = new Plan(seed, round, [.. Struck(kinds)]);
        return PlayedRound.Of(series ?? Released, plan, TimeSpan.FromSeconds(seconds)) with { Checkouts = Checkouts };
    }

    public static PlayedRound Violated(int round, string what, params FaultKind[] kinds) =>
        Held(round, kinds: kinds).ViolatedBy(what) with { Checkouts = 0 };

    private static IEnumerable<Fault> Struck(FaultKind[] kinds) => kinds.DefaultIfEmpty(FaultKind.TailerKilled)
        .Select(kind => new Fault(kind, "", 0, TimeSpan.FromSeconds(1), TimeSpan.Zero));
}
