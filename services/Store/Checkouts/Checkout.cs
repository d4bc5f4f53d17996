using avatarstore;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Choreography;

namespace Checkout.Store.Checkouts;

/// <summary>A post, judged at Now (UTC).</summary>
public sealed record CreateCheckout(Guid CheckoutId, string CustomerId, string IdempotencyKey, string Sku, DateTime Now, TimeSpan Deadline) : StoreCommand;

/// <summary>Something that another service told of a checkout; it goes on the checkout's timeline, whatever it leads to.</summary>
public abstract record HeardOf(Guid CheckoutId, EventContext Event) : StoreCommand;

public sealed record ShowFunded(Guid CheckoutId, EventContext Event) : HeardOf(CheckoutId, Event);

public sealed record FailUnfunded(Guid CheckoutId, Reason Reason, EventContext Event) : HeardOf(CheckoutId, Event);

public sealed record Complete(Guid CheckoutId, EventContext Event) : HeardOf(CheckoutId, Event);

public sealed record FailUnassigned(Guid CheckoutId, Reason Reason, EventContext Event) : HeardOf(CheckoutId, Event);

public sealed record Refund(Guid CheckoutId, Reason Reason, long Coins, EventContext Event) : HeardOf(CheckoutId, Event);

public enum CheckoutStatus
{
    Pending,
    Completed,
    Failed,
    RefundDue,
    Refunded,
}

/// <summary>The state that decisions about a checkout need, from Store's own events.</summary>
public sealed record CheckoutState(
    Guid CheckoutId, string CustomerId, string Sku, long PriceCoins, CheckoutStatus Status, Reason? Reason, DateTime CreatedAt, DateTime ExpiresAt, DateTime? EndedAt);

/// <summary>The decisions about a checkout. Events of different topics may overtake each other, so every state takes every order; a checkout ends once.</summary>
public static class CheckoutDecisions
{
    /// <param name="priceCoins">Null where no such package is listed.</param>
    /// <param name="holder">The checkout that holds the post's idempotency key.</param>
    public static IReadOnlyList<ISpecificRecord> Decide(long? priceCoins, Guid? holder, CreateCheckout c) =>
        priceCoins is null || holder != c.CheckoutId
            ? []
            : [new CheckoutCreated { CheckoutId = c.CheckoutId, CustomerId = c.CustomerId, Sku = c.Sku, PriceCoins = priceCoins.Value, ExpiresAt = Microseconds(c.Now + c.Deadline) }];

    public static IReadOnlyList<ISpecificRecord> Decide(CheckoutState? checkout, HeardOf command) => (checkout?.Status, command) switch
    {
        (null, _) => throw new NotYetVisibleException($"Checkout {command.CheckoutId}"),
        (_, ShowFunded) => [],

        (CheckoutStatus.Pending, FailUnfunded c) => [Failed(checkout, c.Reason, refundDue: false)],
        (CheckoutStatus.Failed, FailUnfunded) => [],

        (CheckoutStatus.Pending, Complete) =>
            [new CheckoutCompleted { CheckoutId = checkout.CheckoutId, CustomerId = checkout.CustomerId, Sku = checkout.Sku, PriceCoins = checkout.PriceCoins }],
        (CheckoutStatus.Completed, Complete) => [],

        (CheckoutStatus.Pending, FailUnassigned c) => [Failed(checkout, c.Reason, refundDue: true)],
        (CheckoutStatus.RefundDue or CheckoutStatus.Refunded, FailUnassigned) => [],

        (CheckoutStatus.Pending, Refund c) => [Failed(checkout, c.Reason, refundDue: true), Refunded(checkout, c.Coins)],
        (CheckoutStatus.RefundDue, Refund c) => [Refunded(checkout, c.Coins)],
        (CheckoutStatus.Refunded, Refund) => [],

        _ => throw new InvalidOperationException($"Checkout {command.CheckoutId} is {checkout.Status} and heard {command.Event.Type}: two services contradict each other."),
    };

    public static CheckoutState Evolve(CheckoutState? checkout, ISpecificRecord happened) => happened switch
    {
        CheckoutCreated e => new(e.CheckoutId, e.CustomerId, e.Sku, e.PriceCoins, CheckoutStatus.Pending, null, e.OccurredAt, e.ExpiresAt, null),
        CheckoutCompleted e => checkout! with { Status = CheckoutStatus.Completed, EndedAt = e.OccurredAt },
        CheckoutFailed { RefundDue: true } e => checkout! with { Status = CheckoutStatus.RefundDue, Reason = e.Reason },
        CheckoutFailed e => checkout! with { Status = CheckoutStatus.Failed, Reason = e.Reason, EndedAt = e.OccurredAt },
        CheckoutRefunded e => checkout! with { Status = CheckoutStatus.Refunded, EndedAt = e.OccurredAt },
        _ => checkout!,
    };

    /// <summary>As fine as an event and a database keep it, so that the first answer to a post says what every later one will.</summary>
    private static DateTime Microseconds(DateTime time) => new(time.Ticks - time.Ticks % TimeSpan.TicksPerMicrosecond, time.Kind);

    private static CheckoutFailed Failed(CheckoutState c, Reason reason, bool refundDue) =>
        new() { CheckoutId = c.CheckoutId, CustomerId = c.CustomerId, Sku = c.Sku, Reason = reason, RefundDue = refundDue };

    private static CheckoutRefunded Refunded(CheckoutState c, long coins) =>
        new() { CheckoutId = c.CheckoutId, CustomerId = c.CustomerId, Sku = c.Sku, RefundedCoins = coins };
}
