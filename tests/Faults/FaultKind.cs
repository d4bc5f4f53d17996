using System.Text;

namespace Checkout.Faults;

/// <summary>What can befall the system.</summary>
internal enum FaultKind
{
    TailerKilled,
    StandbyKilled,
    TailersKilled,
    TailerFrozen,
    ServiceKilled,
    ServicePairKilled,
    ServiceFrozen,
    ServicePairFrozen,
    DatabaseCrashed,
    DatabaseRestarted,
    SlotDropped,
    SlotDroppedUnheld,
    BrokerKilled,
    BrokerRestarted,
    BrokerFrozen,
    TopicDeleted,
    TopicsDeleted,
    RecordsDeleted,
    TopicTruncated,
    ClusterLost,
    ClockShifted,
    RegistryLagging,
    RegistryFrozen,
    ForeignRecords,
    OversizedRecords,
    DatabaseLost,
    DatabaseRestored,
}

/// <summary>
/// Where a fault strikes. PostgreSQL, Kafka and the registry suffer one fault a round: a second would find them away.
/// </summary>
internal enum Ground
{
    Processes,
    Postgres,
    Kafka,
    Registry,
}

internal static class FaultKinds
{
    public static readonly IReadOnlyList<FaultKind> All = Enum.GetValues<FaultKind>();

    /// <summary>
    /// librdkafka's in-memory broker lives in this process, so it can't be killed or frozen; its topics can't be
    /// deleted, and another one would have another address. It drops the oldest records by itself, so that their loss
    /// is no fault there.
    /// </summary>
    public static readonly IReadOnlyList<FaultKind> InMemory = [.. All.Except(
        [FaultKind.BrokerKilled, FaultKind.BrokerFrozen, FaultKind.TopicDeleted, FaultKind.TopicsDeleted,
            FaultKind.RecordsDeleted, FaultKind.TopicTruncated, FaultKind.ClusterLost])];

    public static Ground Ground(this FaultKind kind) => kind switch
    {
        FaultKind.DatabaseCrashed or FaultKind.DatabaseRestarted or FaultKind.SlotDropped
            or FaultKind.SlotDroppedUnheld or FaultKind.DatabaseLost
            or FaultKind.DatabaseRestored => Faults.Ground.Postgres,
        FaultKind.RegistryLagging or FaultKind.RegistryFrozen => Faults.Ground.Registry,
        FaultKind.ClockShifted => Faults.Ground.Processes,
        >= FaultKind.BrokerKilled => Faults.Ground.Kafka,
        _ => Faults.Ground.Processes,
    };

    /// <summary>
    /// Whether the two may not strike in one round. Of a database that is gone the topic is the only copy, so that
    /// neither Kafka suffers then.
    /// </summary>
    public static bool Excludes(this FaultKind kind, FaultKind other)
    {
        var (one, two) = (kind.Ground(), other.Ground());
        return (one == two && one != Faults.Ground.Processes)
            || (kind.TakesEvents() && two == Faults.Ground.Kafka)
            || (other.TakesEvents() && one == Faults.Ground.Kafka);
    }

    private static bool TakesEvents(this FaultKind kind) =>
        kind is FaultKind.DatabaseLost or FaultKind.DatabaseRestored;

    /// <summary>
    /// After which of them a topic may hold an event twice: see "When a duplicate can still occur" in
    /// docs/decisions/0003.
    /// </summary>
    public static bool MayDouble(this FaultKind kind) =>
        kind is FaultKind.TailerFrozen or FaultKind.BrokerFrozen or FaultKind.TopicDeleted or FaultKind.TopicsDeleted
        or FaultKind.RecordsDeleted or FaultKind.TopicTruncated or FaultKind.ClusterLost;

    /// <summary>
    /// How often it is drawn. Starting a broker takes most of a round's time, so that what needs it is drawn half as
    /// often.
    /// </summary>
    public static int Weight(this FaultKind kind) =>
        kind is FaultKind.BrokerKilled or FaultKind.BrokerRestarted or FaultKind.ClusterLost ? 1 : 2;

    /// <summary>TailerKilled is tailer-killed.</summary>
    public static string Word(this FaultKind kind)
    {
        var word = new StringBuilder();
        foreach (var letter in kind.ToString())
        {
            if (char.IsUpper(letter) && word.Length > 0) word.Append('-');
            word.Append(char.ToLowerInvariant(letter));
        }
        return word.ToString();
    }

    /// <summary>Null where no kind is called so.</summary>
    public static FaultKind? Parse(string word) =>
        All.Where(kind => kind.Word() == word).Select(kind => (FaultKind?)kind).FirstOrDefault();
}
