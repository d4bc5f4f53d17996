using System.Diagnostics;
using System.Text.Json;
using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Checkout.Chassis.State;

namespace Checkout.Store.Checkouts;

/// <summary>An event of a checkout's story, by its id: of Store itself, or heard of another service.</summary>
/// <param name="Type">Its full name.</param>
/// <param name="At">When it happened, UTC.</param>
public sealed record Step(Guid EventId, string Type, string Source, DateTime At, bool IsOwn)
{
    /// <summary>The event's name without its namespace.</summary>
    public string Name => Type[(Type.LastIndexOf('.') + 1)..];
}

/// <summary>What Store's own events made of a checkout.</summary>
public sealed record CheckoutRow(string Sku, long PriceCoins, string Status, string? Reason, DateTime CreatedAt,
    DateTime ExpiresAt, DateTime? EndedAt);

/// <summary>
/// A checkout with every step of it that is known. Steps may be known before the row says what Store made of them.
/// </summary>
public sealed record CheckoutStory(Guid CheckoutId, CheckoutRow Row, IReadOnlyList<Step> Steps, string? TraceParent)
{
    private const string ForOutcome = "Store: CheckoutCompleted or CheckoutFailed";
    private const string ForRefunded = "Store: CheckoutRefunded";

    /// <summary>What others told last of a checkout that is pending: Store has to make something of it.</summary>
    private static readonly string[] LastWords =
        [nameof(DeductionRejected), nameof(AvatarAssigned), nameof(AssignmentRejected), nameof(BalanceRefunded)];

    public bool HasEnded => Row.EndedAt is not null;

    /// <summary>As it is when it was just posted.</summary>
    public static CheckoutStory Of(CheckoutCreated created, string source, Activity? trace) => new(created.CheckoutId,
        new(created.Sku, created.PriceCoins, nameof(CheckoutStatus.Pending), null, created.OccurredAt,
            created.ExpiresAt, null),
        [new(created.EventId, created.Schema.Fullname, source, created.OccurredAt, IsOwn: true)], trace?.Id);

    public bool Knows(Guid eventId) => Steps.Any(step => step.EventId == eventId);

    /// <summary>With steps that are known besides.</summary>
    public CheckoutStory With(IEnumerable<Step> steps) =>
        steps.Where(step => !Knows(step.EventId)).DistinctBy(step => step.EventId).ToList() is { Count: > 0 } more
            ? this with { Steps = [.. Steps, .. more] } : this;

    public CheckoutView View(DateTime now)
    {
        var isFunded = Has(nameof(BalanceDeducted));
        var (state, waitingFor) = (StateOf(Row.Status, isFunded), WaitingFor(isFunded));
        var overdue = waitingFor is not null && now > Row.ExpiresAt;
        return new(CheckoutId, Row.Sku, Row.PriceCoins, state, Row.Reason, Row.CreatedAt, Row.ExpiresAt, Row.EndedAt,
            overdue, waitingFor,
            ActivityContext.TryParse(TraceParent, null, out var context) ? context.TraceId.ToString() : null,
            Timeline.InOrder(Steps.Select(step => new TimelineEntry(step.Name, step.Source, step.At))))
        {
            TraceParent = TraceParent,
        };
    }

    /// <summary>What a client is told of a status.</summary>
    public static string StateOf(string status, bool isFunded) => Symbols.Read<CheckoutStatus>(status) switch
    {
        CheckoutStatus.Pending => isFunded ? "funded" : "pending",
        CheckoutStatus.RefundDue => "refundDue",
        CheckoutStatus.Completed => "completed",
        CheckoutStatus.Failed => "failed",
        CheckoutStatus.Refunded => "refunded",
        // A later version's, by the name it has there.
        _ => JsonNamingPolicy.CamelCase.ConvertName(status),
    };

    private string? WaitingFor(bool isFunded) => Symbols.Read<CheckoutStatus>(Row.Status) switch
    {
        _ when HasEnded => null,
        CheckoutStatus.Pending => LastWords.Any(Has) ? ForOutcome
            : isFunded ? CheckoutView.ForAvatar : CheckoutView.ForFunds,
        CheckoutStatus.RefundDue => Has(nameof(BalanceRefunded)) ? ForRefunded : CheckoutView.ForRefund,
        _ => CheckoutView.ForNewerVersion,
    };

    private bool Has(string name) => Steps.Any(step => step.Name == name);
}
