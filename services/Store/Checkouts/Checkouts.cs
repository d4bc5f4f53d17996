using avatarstore;
using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;

namespace Checkout.Store.Checkouts;

/// <summary>A post, judged at Now (UTC).</summary>
/// <param name="ExpectedPriceCoins">The price that the player saw; null where the post names none.</param>
public sealed record CreateCheckout(Guid CheckoutId, string CustomerId, string IdempotencyKey, string Sku, DateTime Now,
    TimeSpan Deadline, long? ExpectedPriceCoins = null)
{
    public string KeyHash => PostHash.OfKey(CustomerId, IdempotencyKey);

    public string BodyHash => PostHash.OfBody(Sku, ExpectedPriceCoins);
}

/// <summary>What became of a post.</summary>
public enum PostOutcome
{
    Created,
    SameAsBefore,
    KeyUsedForOther,
    UnknownPackage,
    OffSale,
    OtherPrice,
}

/// <summary>
/// What Store decides about a checkout, and what each of its events changes. Events of different topics may overtake
/// each other, so every state takes every order; a checkout ends once.
/// </summary>
public static class CheckoutDecisions
{
    /// <summary>
    /// A post that can't be taken as things are (not listed, off sale, another price) leaves no trace, so that the same
    /// key is good once it can. One that was taken is no more judged: sent again it is what it was.
    /// </summary>
    public static IReadOnlyList<ISpecificRecord> Create(StoreRows rows, CreateCheckout c)
    {
        var key = new PostKey(c.CustomerId, c.IdempotencyKey);
        if (rows.Posts[key] is not null || rows.HashedPosts[new(c.CustomerId, c.KeyHash)] is not null
            || Refusal(rows, c) is not null) return [];
        rows.Posts.Add(key, new(c.Sku, c.CheckoutId, c.ExpectedPriceCoins));
        return
        [
            new CheckoutCreated
            {
                CheckoutId = c.CheckoutId, CustomerId = c.CustomerId, Sku = c.Sku,
                    PriceCoins = rows.Catalogue[c.Sku]!.PriceCoins,
                    ExpiresAt = EventTime.Of(c.Now + c.Deadline), KeyHash = c.KeyHash, BodyHash = c.BodyHash,
            },
        ];
    }

    public static void Created(StoreRows rows, CheckoutCreated e)
    {
        rows.Checkouts.Add(e.CheckoutId,
            new(e.CustomerId, e.Sku, e.PriceCoins, CheckoutStatus.Pending, null, e.OccurredAt, e.ExpiresAt, null));
        if (e.KeyHash is not null)
            rows.HashedPosts.Put(new(e.CustomerId, e.KeyHash), first => first ?? new(e.CheckoutId, e.BodyHash));
    }

    /// <summary>What to answer a post with, and the checkout that holds its key.</summary>
    public static (PostOutcome Outcome, Guid? CheckoutId) AnswerTo(StoreRows rows, CreateCheckout post)
    {
        if (HolderOf(rows, post) is not { } holder)
            return (Refusal(rows, post) ?? PostOutcome.UnknownPackage, null);
        if (holder.CheckoutId == post.CheckoutId) return (PostOutcome.Created, holder.CheckoutId);
        // The whole body: another price is another word of the player.
        return (holder.BodyHash == post.BodyHash ? PostOutcome.SameAsBefore : PostOutcome.KeyUsedForOther,
            holder.CheckoutId);
    }

    /// <summary>
    /// A key of before the hashes is in posts alone, one that came back from the topic in the hashes alone.
    /// </summary>
    private static HashedPost? HolderOf(StoreRows rows, CreateCheckout post) =>
        rows.HashedPosts[new(post.CustomerId, post.KeyHash)]
        ?? (rows.Posts[new(post.CustomerId, post.IdempotencyKey)] is { } holder
            ? new(holder.CheckoutId, PostHash.OfBody(holder.Sku, holder.ExpectedPriceCoins)) : null);

    private static PostOutcome? Refusal(StoreRows rows, CreateCheckout post) => rows.Catalogue[post.Sku] switch
    {
        null => PostOutcome.UnknownPackage,
        { IsOnSale: false } => PostOutcome.OffSale,
        { PriceCoins: var price } when (post.ExpectedPriceCoins ?? price) != price => PostOutcome.OtherPrice,
        _ => null,
    };

    public static IReadOnlyList<ISpecificRecord> ShowFunded(StoreRows rows, BalanceDeducted e, EventContext context)
    {
        Hear(rows, e.CheckoutId, context);
        return [];
    }

    public static IReadOnlyList<ISpecificRecord> FailUnfunded(StoreRows rows, DeductionRejected e,
        EventContext context) => Hear(rows, e.CheckoutId, context) switch
        {
            { Status: CheckoutStatus.Pending } c => [Failed(e.CheckoutId, c, e.Reason, refundDue: false)],
            { Status: CheckoutStatus.Failed } => [],
            var checkout => throw Contradiction(e.CheckoutId, checkout, context),
        };

    public static IReadOnlyList<ISpecificRecord> Complete(StoreRows rows, AvatarAssigned e, EventContext context) =>
        Hear(rows, e.CheckoutId, context) switch
        {
            { Status: CheckoutStatus.Pending } c =>
                [new CheckoutCompleted { CheckoutId = e.CheckoutId, CustomerId = c.CustomerId, Sku = c.Sku,
                PriceCoins = c.PriceCoins }],
            { Status: CheckoutStatus.Completed } => [],
            var checkout => throw Contradiction(e.CheckoutId, checkout, context),
        };

    public static void Completed(StoreRows rows, CheckoutCompleted e) =>
        rows.Checkouts.Change(e.CheckoutId, c => c with { Status = CheckoutStatus.Completed, EndedAt = e.OccurredAt });

    public static IReadOnlyList<ISpecificRecord> FailUnassigned(StoreRows rows, AssignmentRejected e,
        EventContext context) => Hear(rows, e.CheckoutId, context) switch
        {
            { Status: CheckoutStatus.Pending } c => [Failed(e.CheckoutId, c, e.Reason, refundDue: true)],
            { Status: CheckoutStatus.RefundDue or CheckoutStatus.Refunded } => [],
            var checkout => throw Contradiction(e.CheckoutId, checkout, context),
        };

    public static void Failed(StoreRows rows, CheckoutFailed e) => rows.Checkouts.Change(e.CheckoutId, c => e.RefundDue
        ? c with { Status = CheckoutStatus.RefundDue, Reason = e.Reason }
        : c with { Status = CheckoutStatus.Failed, Reason = e.Reason, EndedAt = e.OccurredAt });

    public static IReadOnlyList<ISpecificRecord> Refund(StoreRows rows, BalanceRefunded e, EventContext context) =>
        Hear(rows, e.CheckoutId, context) switch
        {
            { Status: CheckoutStatus.Pending } c =>
                [Failed(e.CheckoutId, c, e.Reason, refundDue: true), Refunded(e, c)],
            { Status: CheckoutStatus.RefundDue } c => [Refunded(e, c)],
            { Status: CheckoutStatus.Refunded } => [],
            var checkout => throw Contradiction(e.CheckoutId, checkout, context),
        };

    public static void Refunded(StoreRows rows, CheckoutRefunded e) =>
        rows.Checkouts.Change(e.CheckoutId, c => c with { Status = CheckoutStatus.Refunded, EndedAt = e.OccurredAt });

    /// <summary>
    /// What another service told of a checkout goes on its timeline, whatever it leads to; and the checkout as it is.
    /// </summary>
    private static CheckoutState Hear(StoreRows rows, Guid checkoutId, EventContext context)
    {
        var checkout = rows.Checkouts[checkoutId] ?? throw new NotYetVisibleException($"Checkout {checkoutId}");
        rows.Observations.Add(context.EventId, new(checkoutId, context.Type, context.Source, context.OccurredAt));
        return checkout;
    }

    private static InvalidOperationException Contradiction(Guid checkoutId, CheckoutState checkout,
        EventContext context) =>
        new($"Checkout {checkoutId} is {checkout.Status} and heard {context.Type}: "
            + "two services contradict each other.");

    private static CheckoutFailed Failed(Guid checkoutId, CheckoutState c, Reason reason, bool refundDue) =>
        new()
        {
            CheckoutId = checkoutId,
            CustomerId = c.CustomerId,
            Sku = c.Sku,
            Reason = reason,
            RefundDue = refundDue
        };

    private static CheckoutRefunded Refunded(BalanceRefunded e, CheckoutState c) =>
        new() { CheckoutId = e.CheckoutId, CustomerId = c.CustomerId, Sku = c.Sku, RefundedCoins = e.RefundedCoins };
}
