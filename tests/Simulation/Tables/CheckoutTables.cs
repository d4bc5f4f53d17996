using System.Runtime.CompilerServices;
using Checkout.Chassis.Choreography;
using Checkout.Store;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;

namespace Checkout.Simulation.Tables;

/// <summary>Store's tables; compare Migrations/0101_checkouts.sql, StoreBatch and StoreTables.</summary>
public sealed class CheckoutTables : ITables<StoreCommand>
{
    public Table<string, Package> Packages { get; } = new("packages", package => package.PriceCoins >= 0, "a_price_is_not_below_zero");

    public Table<Guid, CheckoutState> Checkouts { get; } = new("checkouts", EndsOnce, "a_checkout_ends_once");

    public Table<(string CustomerId, string Key), (Guid CheckoutId, string Sku)> Posts { get; } = new("a_key_is_one_checkout");

    /// <summary>What was heard of checkouts, by event id.</summary>
    public Table<Guid, HeardOf> Observations { get; } = new("observations");

    public IStateBatch<StoreCommand> NewBatch() => new StoreBatch();

    public ITables<StoreCommand> NewShadow() => new CheckoutTables();

    public IEnumerable<string> Rows() => [.. Packages.Texts(), .. Checkouts.Texts()];

    public void Load(IStateBatch<StoreCommand> batch)
    {
        var states = (StoreBatch)batch;
        foreach (var sku in Skus(states).Union(SkusToChange(states)))
            if (Packages.TryGet(sku, out var package)) states.Packages[sku] = package;
        foreach (var checkoutId in CheckoutIds(states))
            if (Checkouts.TryGet(checkoutId, out var checkout)) states.Checkouts[checkoutId] = checkout;
        var inserted = states.FirstPosts().ToDictionary(post => (post.CustomerId, post.IdempotencyKey), post => (post.CheckoutId, post.Sku));
        foreach (var post in PostsOf(states))
        {
            var key = (post.CustomerId, post.IdempotencyKey);
            if (Posts.TryGet(key, out var holder) || inserted.TryGetValue(key, out holder)) states.Posts[key] = holder;
        }
    }

    public void Save(IStateBatch<StoreCommand> batch)
    {
        var states = (StoreBatch)batch;
        // Inserted while loading; nobody else saw them before the commit.
        foreach (var (key, holder) in states.Posts) Posts.InsertIfNew(key, holder);
        foreach (var checkoutId in NewCheckouts(states)) Checkouts.Insert(checkoutId, states.Checkouts[checkoutId]);
        foreach (var checkoutId in ChangedCheckouts(states).Except(NewCheckouts(states))) Checkouts.Update(checkoutId, states.Checkouts[checkoutId]);
        foreach (var sku in NewPackages(states)) Packages.Insert(sku, states.Packages[sku]);
        foreach (var sku in ChangedPackages(states).Except(NewPackages(states))) Packages.Update(sku, states.Packages[sku]);
        foreach (var heard in Heard(states)) Observations.Insert(heard.Event.EventId, heard);
    }

    private static bool EndsOnce(CheckoutState c) => (c.Status is CheckoutStatus.Pending or CheckoutStatus.RefundDue) == (c.EndedAt is null);

    // The batch keeps its lists to itself; they are read here so that the simulation has the same rows read and written as SQL would.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_skus")]
    private static extern ref SortedSet<string> Skus(StoreBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_skusToChange")]
    private static extern ref SortedSet<string> SkusToChange(StoreBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_checkoutIds")]
    private static extern ref SortedSet<Guid> CheckoutIds(StoreBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_posts")]
    private static extern ref List<CreateCheckout> PostsOf(StoreBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_newCheckouts")]
    private static extern ref HashSet<Guid> NewCheckouts(StoreBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_changedCheckouts")]
    private static extern ref HashSet<Guid> ChangedCheckouts(StoreBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_newPackages")]
    private static extern ref HashSet<string> NewPackages(StoreBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_changedPackages")]
    private static extern ref HashSet<string> ChangedPackages(StoreBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_heard")]
    private static extern ref List<HeardOf> Heard(StoreBatch batch);
}
