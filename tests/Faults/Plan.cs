using System.Globalization;
using Checkout.Contracts;

namespace Checkout.Faults;

/// <summary>One fault of a round.</summary>
/// <param name="Subject">
/// A service, a store whose tailer or slot is meant, or a topic; nothing where there is no choice.
/// </param>
/// <param name="Instance">Which of the two processes, where one is struck.</param>
/// <param name="At">After the load began.</param>
/// <param name="Lasts">How long it is frozen, away or wrong; nothing where it is started again at once.</param>
internal sealed record Fault(FaultKind Kind, string Subject, int Instance, TimeSpan At, TimeSpan Lasts)
{
    /// <summary>By how much a clock goes ahead, or behind where it is below zero.</summary>
    public TimeSpan Shift { get; init; }

    public override string ToString()
    {
        var whom = $"{(Subject.Length > 0 ? $" {Subject}" : "")}{(Instance > 1 ? $"-{Instance}" : "")}";
        var shift = Shift == TimeSpan.Zero ? "" : $" by {Seconds(Shift)}";
        return $"{Kind.Word()}{whom}{shift} @{Seconds(At)}{(Lasts > TimeSpan.Zero ? $" for {Seconds(Lasts)}" : "")}";
    }

    private static string Seconds(TimeSpan time) =>
        time.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture) + "s";
}

/// <summary>What is played in a round: a pure function of seed, round and the kinds to choose from.</summary>
internal sealed record Plan(int Seed, int Round, IReadOnlyList<Fault> Faults)
{
    private const int MaxFaults = 3;
    private const int LatestStartMs = 2_000;
    private const int MinShiftMs = 10_000;
    private const int MaxShiftMs = 360_000;
    /// <summary>What a kind does by itself is not seen where another strikes beside it.</summary>
    private const int EveryAlone = 3;
    private static readonly TimeSpan ShortestLoad = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LoadAfterFaults = TimeSpan.FromSeconds(0.5);
    private static readonly string[] Services = ["store", "balance", "inventory"];
    private static readonly string[] StoreTopics =
        [Topics.StoreCheckouts, Topics.BalanceAccounts, Topics.InventoryAvatars];
    private static readonly string[] AllTopics = [.. StoreTopics, Topics.GameRewards];

    /// <summary>Checkouts are posted until all faults have struck and those that last a while have passed.</summary>
    public TimeSpan LoadLasts { get; } =
        Faults.Select(f => f.At + f.Lasts + LoadAfterFaults).Append(ShortestLoad).Max();

    public bool MayDouble => Faults.Any(f => f.Kind.MayDouble());

    /// <summary>Which kinds strike, each once.</summary>
    public IReadOnlyList<FaultKind> Kinds { get; } = [.. Faults.Select(f => f.Kind).Distinct()];

    /// <summary>One kind strikes and no other beside it.</summary>
    public bool Alone => Kinds.Count == 1;

    /// <summary>Every third round is one kind's alone, each kind's in turn; the others are a mixture.</summary>
    public static Plan Of(int seed, int round, IReadOnlyList<FaultKind> kinds)
    {
        // .NET keeps what a seeded Random brings forth the same from version to version.
        var random = new Random(unchecked((seed * 1_000_003) ^ (round * 7_919)));
        // A kind that was chosen by itself is alone in any case.
        var faults = kinds.Count > 1 && round % EveryAlone == 0
            ? [FaultOf(InTurn(seed, round / EveryAlone, kinds), random)]
            : Mixture(kinds, random);
        return new(seed, round, [.. faults.OrderBy(f => f.At)]);
    }

    /// <summary>Each seed has an order of its own, so that also many short runs play all kinds.</summary>
    private static FaultKind InTurn(int seed, int turn, IReadOnlyList<FaultKind> kinds)
    {
        var order = kinds.ToArray();
        new Random(seed).Shuffle(order);
        return order[turn % order.Length];
    }

    private static List<Fault> Mixture(IReadOnlyList<FaultKind> kinds, Random random)
    {
        var drawn = kinds.SelectMany(kind => Enumerable.Repeat(kind, kind.Weight())).ToList();
        var faults = new List<Fault>();
        for (var left = random.Next(1, MaxFaults + 1); left > 0; left--)
        {
            var fault = FaultOf(drawn[random.Next(drawn.Count)], random);
            if (faults.TrueForAll(f => !f.Kind.Excludes(fault.Kind))) faults.Add(fault);
        }
        return faults;
    }

    private static Fault FaultOf(FaultKind kind, Random random)
    {
        var fault = new Fault(kind, SubjectOf(kind, random), random.Next(1, 3),
            TimeSpan.FromMilliseconds(random.Next(100, LatestStartMs)), LengthOf(kind, random));
        if (kind == FaultKind.ClockShifted) fault = fault with { Shift = ShiftOf(random) };
        return HasInstance(kind) ? fault : fault with { Instance = 0 };
    }

    private static string SubjectOf(FaultKind kind, Random random) => kind switch
    {
        FaultKind.ServiceKilled or FaultKind.ServicePairKilled or FaultKind.ServiceFrozen or FaultKind.ServicePairFrozen
            or FaultKind.TailerKilled or FaultKind.StandbyKilled or FaultKind.TailerFrozen
            or FaultKind.SlotDropped or FaultKind.SlotDroppedUnheld or FaultKind.ClockShifted
            or FaultKind.DatabaseLost or FaultKind.DatabaseRestored
            or FaultKind.RegistryLagging or FaultKind.RegistryFrozen => Services[random.Next(Services.Length)],
        FaultKind.TopicDeleted or FaultKind.TopicTruncated or FaultKind.ForeignRecords or FaultKind.OversizedRecords =>
            AllTopics[random.Next(AllTopics.Length)],
        FaultKind.RecordsDeleted => StoreTopics[random.Next(StoreTopics.Length)],
        _ => "",
    };

    private static bool HasInstance(FaultKind kind) =>
        kind is FaultKind.ServiceKilled or FaultKind.ServiceFrozen or FaultKind.ClockShifted;

    /// <summary>What services have to bear: below Reactor:ClockTolerance as it comes, two minutes.</summary>
    private static TimeSpan ShiftOf(Random random) =>
        Milliseconds(random, MinShiftMs, MaxShiftMs) * (random.Next(2) == 0 ? 1 : -1);

    private static TimeSpan LengthOf(FaultKind kind, Random random) => kind switch
    {
        // Long enough to start and to work so.
        FaultKind.ClockShifted => Milliseconds(random, 3_000, 6_000),
        FaultKind.RegistryLagging or FaultKind.RegistryFrozen => Milliseconds(random, 1_000, 6_000),
        FaultKind.TailerFrozen => Milliseconds(random, 4_000, 8_000),
        FaultKind.ServiceFrozen or FaultKind.ServicePairFrozen => Milliseconds(random, 500, 8_000),
        FaultKind.BrokerFrozen => Milliseconds(random, 1_000, 6_000),
        FaultKind.SlotDroppedUnheld => Milliseconds(random, 0, 2_000),
        // So old is the backup.
        FaultKind.DatabaseRestored => Milliseconds(random, 500, 3_000),
        FaultKind.DatabaseCrashed or FaultKind.DatabaseRestarted
            or FaultKind.BrokerKilled or FaultKind.BrokerRestarted or FaultKind.ClusterLost
            when random.Next(2) == 0 => Milliseconds(random, 200, 2_000),
        _ => TimeSpan.Zero,
    };

    private static TimeSpan Milliseconds(Random random, int from, int to) =>
        TimeSpan.FromMilliseconds(random.Next(from, to));
}
