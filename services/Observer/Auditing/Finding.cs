namespace Checkout.Observer.Auditing;

/// <summary>Something that can't be if the system is right.</summary>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
/// <param name="Subject">What it is about: of one kind and subject it is said once.</param>
/// <param name="What">A sentence.</param>
public sealed record Finding(string Kind, string Subject, string What)
{
    /// <summary>Whose events show it; null where <see cref="Places"/> do.</summary>
    public Guid? CheckoutId { get; init; }

    public IReadOnlyList<(string Topic, long Position)> Places { get; init; } = [];
}

/// <summary>What is looked for. Permanent: alerts and runbooks name them.</summary>
public static class Kinds
{
    public const string PositionMissing = "position-missing";
    public const string OtherEventAtPosition = "other-event-at-position";
    public const string EventTwice = "event-twice";
    public const string ChainBroken = "chain-broken";
    public const string StepTwice = "step-twice";
    public const string StepsContradict = "steps-contradict";
    public const string FieldsDiffer = "fields-differ";
    public const string AfterDeadline = "after-deadline";
    public const string EffectWithoutCause = "effect-without-cause";
    public const string BalanceDoesNotFollow = "balance-does-not-follow";
    public const string StockDoesNotFollow = "stock-does-not-follow";
    public const string HappenedTwice = "happened-twice";
    public const string CoinsNotConserved = "coins-not-conserved";

    public static readonly IReadOnlyList<string> All =
    [
        PositionMissing, OtherEventAtPosition, EventTwice, ChainBroken, StepTwice, StepsContradict, FieldsDiffer,
        AfterDeadline, EffectWithoutCause, BalanceDoesNotFollow, StockDoesNotFollow, HappenedTwice, CoinsNotConserved,
    ];
}
