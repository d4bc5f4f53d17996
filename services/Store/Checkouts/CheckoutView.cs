using System.Diagnostics;
using System.Text.Json.Serialization;
using avatarstore.store;

namespace Checkout.Store.Checkouts;

/// <summary>A step of a checkout's story: an event, who told it and when (UTC).</summary>
public sealed record TimelineEntry(string Event, string Source, DateTime At);

/// <summary>
/// What a game client is told of a checkout. State is pending, funded, completed, failed, refundDue or refunded.
/// </summary>
/// <param name="Overdue">Its deadline passed and it has not ended: it will still end, in a refusal or, if it was in
/// time, a success.</param>
/// <param name="WaitingFor">The step it waits for; null when it has ended.</param>
public sealed record CheckoutView(
    Guid CheckoutId, string Sku, long PriceCoins, string State, string? Reason, DateTime CreatedAt, DateTime ExpiresAt,
    DateTime? EndedAt, bool Overdue, string? WaitingFor, string? TraceId, IReadOnlyList<TimelineEntry> Timeline)
{
    [JsonIgnore]
    public string? TraceParent { get; init; }

    public static CheckoutView Of(CheckoutCreated created, string source, Activity? trace) => new(
        created.CheckoutId, created.Sku, created.PriceCoins, "pending", null, created.OccurredAt, created.ExpiresAt,
        null, Overdue: false, ForFunds, trace?.TraceId.ToString(),
        [new(nameof(CheckoutCreated), source, created.OccurredAt)])
    {
        TraceParent = trace?.Id,
    };

    internal const string ForFunds = "Balance: BalanceDeducted or DeductionRejected";
    internal const string ForAvatar = "Inventory: AvatarAssigned or AssignmentRejected";
    internal const string ForRefund = "Balance: BalanceRefunded";
    internal const string ForNewerVersion = "Store: an instance of its newer version, which knows this state";
}
