using System.Text.Json.Serialization;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;

namespace Checkout.Store.Checkouts;

/// <summary>A step of a checkout's story: an event, who told it and when (UTC).</summary>
public sealed record TimelineEntry(
    [property: Field("The event's name.", Example = "CheckoutCreated")] string Event,
    [property: Field("Which service told it.", Example = "/store/0")] string Source,
    [property: Field("When, by that service's clock.", Example = CheckoutExamples.Created)] DateTime At);

/// <summary>
/// What a game client is told of a checkout. State is pending, funded, completed, failed, refundDue or refunded.
/// </summary>
/// <param name="Overdue">Its deadline passed and it has not ended: it will still end, in a refusal or, if it was in
/// time, a success.</param>
/// <param name="WaitingFor">The step it waits for; null when it has ended.</param>
public sealed record CheckoutView(
    [property: Field("The checkout's id.", Example = CheckoutExamples.Id)] Guid CheckoutId,
    [property: Field("What is bought.", Example = "gorilla")] string Sku,
    [property: Field(CheckoutExamples.Price, Most = ExactNumber.Max, Example = 500)] long PriceCoins,
    [property: Field(CheckoutExamples.State, Example = "pending")] string State,
    [property: Field(CheckoutExamples.Reason)] string? Reason,
    [property: Field("When it was posted.", Example = CheckoutExamples.Created)] DateTime CreatedAt,
    [property: Field("Whoever takes coins or assigns an avatar refuses after it.", Example = CheckoutExamples.Expires)]
    DateTime ExpiresAt,
    [property: Field(CheckoutExamples.Ended)] DateTime? EndedAt,
    [property: Field(CheckoutExamples.Overdue, Example = false)] bool Overdue,
    [property: Field("The service and the event that it waits for, for people; null when it has ended.",
        Example = CheckoutView.ForFunds)]
    string? WaitingFor,
    [property: Field("By which traces have it; null where none was made.",
        Example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    string? TraceId,
    [property: Field("What has happened, in the order in which one led to the other.")]
    IReadOnlyList<TimelineEntry> Timeline)
{
    [JsonIgnore]
    public string? TraceParent { get; init; }

    internal const string ForFunds = "Balance: BalanceDeducted or DeductionRejected";
    internal const string ForAvatar = "Inventory: AvatarAssigned or AssignmentRejected";
    internal const string ForRefund = "Balance: BalanceRefunded";
    internal const string ForNewerVersion = "Store: an instance of its newer version, which knows this state";
}
