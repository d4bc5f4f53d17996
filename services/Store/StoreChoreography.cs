using avatarstore;
using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.State;
using Checkout.Contracts;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;

namespace Checkout.Store;

/// <summary>
/// What Store does when it hears of something: one row a step. The names are permanent, the ids of the answers follow
/// from them.
/// </summary>
public static class StoreChoreography
{
    public static readonly Choreography<StoreRows> Table = new Choreography<StoreRows>("store", Topics.StoreCheckouts,
        rows => new(rows))
        // Whoever waits for a checkout is told of Store's own events by whichever instance appended them.
        .Follows(Topics.StoreCheckouts)
        .Take<CreateCheckout>("create-checkout", CheckoutDecisions.Create, typeof(CheckoutCreated))
        .On<BalanceDeducted>(Topics.BalanceAccounts, "show-funded", CheckoutDecisions.ShowFunded)
        .On<DeductionRejected>(Topics.BalanceAccounts, "fail-unfunded", CheckoutDecisions.FailUnfunded,
            typeof(CheckoutFailed))
        .On<AvatarAssigned>(Topics.InventoryAvatars, "complete", CheckoutDecisions.Complete, typeof(CheckoutCompleted))
        .On<AssignmentRejected>(Topics.InventoryAvatars, "fail-unassigned", CheckoutDecisions.FailUnassigned,
            typeof(CheckoutFailed))
        .On<BalanceRefunded>(Topics.BalanceAccounts, "refund", CheckoutDecisions.Refund, typeof(CheckoutFailed),
            typeof(CheckoutRefunded))
        .Resumes("refund")
        .Take<ListPackage>("list-package", PackageDecisions.List, typeof(PackageListed), typeof(RarityGiven))
        .Take<ChangePrice>("change-price", PackageDecisions.ChangePrice, typeof(PriceChanged))
        .Take<TakeOffSale>("take-off-sale", PackageDecisions.TakeOffSale, typeof(PackageTakenOffSale))
        .Take<PutOnSale>("put-on-sale", PackageDecisions.PutOnSale, typeof(PackagePutOnSale))
        .Tells<CheckoutCreated>(e => e.CustomerId, e => e.CheckoutId, CheckoutDecisions.Created)
        .Tells<CheckoutCompleted>(e => e.CustomerId, e => e.CheckoutId, CheckoutDecisions.Completed)
        .Tells<CheckoutFailed>(e => e.CustomerId, e => e.CheckoutId, CheckoutDecisions.Failed)
        .Tells<CheckoutRefunded>(e => e.CustomerId, e => e.CheckoutId, CheckoutDecisions.Refunded)
        .Tells<PackageListed>(e => e.Sku, of: null, PackageDecisions.Listed)
        .Tells<PriceChanged>(e => e.Sku, of: null, PackageDecisions.PriceChanged)
        .Tells<RarityGiven>(e => e.Sku, of: null, PackageDecisions.RarityGiven)
        .Tells<PackageTakenOffSale>(e => e.Sku, of: null, PackageDecisions.TakenOffSale)
        .Tells<PackagePutOnSale>(e => e.Sku, of: null, PackageDecisions.PutBackOnSale);
}

/// <summary>The rows of state that Store decides on. DDL: Migrations/.</summary>
public sealed class StoreRows(Rows rows)
{
    /// <summary>What is about a checkout has the price on it already, and must not wait for a package's lock.</summary>
    public Table<string, Package> Packages
    {
        get;
    } = rows.Locked<string, Package>("packages", key: "sku", unless: "checkout_id");

    public Table<Guid, CheckoutState> Checkouts
    {
        get;
    } = rows.Locked<Guid, CheckoutState>("checkouts", key: "checkout_id");

    /// <summary>What a post may be for; what is off sale too, to tell it from what was never listed.</summary>
    public Table<string, Package> Catalogue
    {
        get;
    } = rows.ReadOnly<string, Package>("packages", key: "sku", askedBy: typeof(CreateCheckout));

    /// <summary>
    /// Which checkout each idempotency key stands for. Two posts of one key at once: the second insert fails, and is
    /// tried again.
    /// </summary>
    public Table<PostKey, Post> Posts
    {
        get;
    } = rows.Hanging<PostKey, Post>("posts", rebuilt: false, of: "checkout_id");

    /// <summary>The same from the events, which is what is left of it when the database was lost.</summary>
    public Table<HashedKey, HashedPost> HashedPosts
    {
        get;
    } = rows.Hanging<HashedKey, HashedPost>("hashed_posts");

    /// <summary>What Store heard of its checkouts, by event id. It can be heard again from the topics.</summary>
    public Table<Guid, Observation> Observations
    {
        get;
    } = rows.WriteOnly<Guid, Observation>("observations", key: "event_id", rebuilt: false);
}

public sealed record Package(string Name, long PriceCoins, Rarity Rarity = Rarity.UNKNOWN, bool IsOnSale = true);

/// <summary>The state of a checkout, from Store's own events.</summary>
public sealed record CheckoutState(
    string CustomerId, string Sku, long PriceCoins, CheckoutStatus Status, Reason? Reason, DateTime CreatedAt,
    DateTime ExpiresAt, DateTime? EndedAt);

public enum CheckoutStatus
{
    Pending,
    Completed,
    Failed,
    RefundDue,
    Refunded,

    /// <summary>One that a later version has added.</summary>
    Unknown,
}

public readonly record struct PostKey(string CustomerId, string IdempotencyKey);

/// <param name="ExpectedPriceCoins">Null where the post named no price.</param>
public sealed record Post(string Sku, Guid CheckoutId, long? ExpectedPriceCoins = null);

/// <param name="KeyHash">See PostHash.</param>
public readonly record struct HashedKey(string CustomerId, string KeyHash);

public sealed record HashedPost(Guid CheckoutId, string BodyHash);

public sealed record Observation(Guid CheckoutId, string Type, string Source, DateTime OccurredAt);
