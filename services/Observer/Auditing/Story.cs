namespace Checkout.Observer.Auditing;

/// <summary>Which events of a checkout were there, a bit each.</summary>
[Flags]
public enum Steps
{
    None = 0,
    Created = 1,
    Deducted = 2,
    DeductionRejected = 4,
    Assigned = 8,
    AssignmentRejected = 16,
    CoinsBack = 32,
    Completed = 64,
    Failed = 128,
    Refunded = 256,
}

/// <summary>What is known of a checkout. Its events come in any order, each once.</summary>
public sealed record Story(Guid CheckoutId)
{
    public Steps Seen { get; init; }
    public string? CustomerId { get; init; }
    public string? Sku { get; init; }
    public long? PriceCoins { get; init; }
    public DateTime? CreatedAt { get; init; }
    public DateTime? ExpiresAt { get; init; }
    public long DeductedCoins { get; init; }
    public long RefundedCoins { get; init; }
    public bool? RefundDue { get; init; }

    /// <summary>What CheckoutRefunded says; null before it is there.</summary>
    public long? ToldRefundCoins { get; init; }

    /// <summary>The latest time of a decision that the deadline is for: to take coins, to give the avatar.</summary>
    public DateTime? DecidedAt { get; init; }
    public string? Reason { get; init; }
    public DateTime? EndedAt { get; init; }

    /// <summary>When the last of its events happened, by its teller's clock.</summary>
    public DateTime LastAt { get; init; }

    /// <summary>Since when it has an event whose cause was not there, by the Observer's clock.</summary>
    public DateTime? OddSince { get; init; }

    public bool Has(Steps step) => (Seen & step) != 0;

    public string State =>
        Has(Steps.Completed) ? "completed"
        : Has(Steps.Refunded) ? "refunded"
        : Has(Steps.Failed) ? RefundDue == true ? "refundDue" : "failed"
        : Has(Steps.Deducted) ? "funded"
        : "pending";

    public bool HasEnded => State is "completed" or "refunded" or "failed";

    /// <summary>Whose next event is due; null where it has ended.</summary>
    public string? WaitsFor =>
        HasEnded ? null
        : Has(Steps.DeductionRejected | Steps.Assigned | Steps.CoinsBack) ? "store"
        : Has(Steps.AssignmentRejected) ? "balance"
        : Has(Steps.Deducted) ? "inventory"
        : "balance";

    /// <summary>States that a checkout may be in, for whoever counts them.</summary>
    public static readonly IReadOnlyList<string> States =
        ["pending", "funded", "completed", "failed", "refundDue", "refunded"];

    public static readonly IReadOnlyList<string> Services = ["store", "balance", "inventory"];
}
