using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;
using Npgsql;

namespace Checkout.Store;

/// <summary>What became of a post.</summary>
public enum PostOutcome
{
    Created,
    SameAsBefore,
    KeyUsedForOther,
    UnknownPackage,
}

/// <summary>The checkouts, posts and packages that one transaction is about. Their SQL is in StoreTables.</summary>
public sealed class StoreBatch : IStateBatch<StoreCommand>
{
    public static readonly string[] Tables = ["checkouts", "packages"];

    private readonly SortedSet<Guid> _checkoutIds = [];
    private readonly SortedSet<string> _skus = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _skusToChange = new(StringComparer.Ordinal);
    private readonly List<CreateCheckout> _posts = [];
    private readonly HashSet<Guid> _newCheckouts = [];
    private readonly HashSet<Guid> _changedCheckouts = [];
    private readonly HashSet<string> _newPackages = [];
    private readonly HashSet<string> _changedPackages = [];
    private readonly List<HeardOf> _heard = [];

    public Dictionary<Guid, CheckoutState> Checkouts { get; } = [];

    public Dictionary<string, Package> Packages { get; } = [];

    /// <summary>Who holds each idempotency key: the checkout, and the sku it was posted with.</summary>
    public Dictionary<(string CustomerId, string Key), (Guid CheckoutId, string Sku)> Posts { get; } = [];

    public void Need(StoreCommand command)
    {
        switch (command)
        {
            case CreateCheckout c:
                _skus.Add(c.Sku);
                _posts.Add(c);
                break;
            case HeardOf c:
                _checkoutIds.Add(c.CheckoutId);
                break;
            case PackageCommand c:
                _skusToChange.Add(c.Sku);
                break;
        }
    }

    public void Need(ISpecificRecord happened)
    {
        switch (happened)
        {
            case CheckoutCompleted e:
                _checkoutIds.Add(e.CheckoutId);
                break;
            case CheckoutFailed e:
                _checkoutIds.Add(e.CheckoutId);
                break;
            case CheckoutRefunded e:
                _checkoutIds.Add(e.CheckoutId);
                break;
            case PackageListed e:
                _skusToChange.Add(e.Sku);
                break;
            case PriceChanged e:
                _skusToChange.Add(e.Sku);
                break;
        }
    }

    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (_skusToChange.Count > 0)
            foreach (var package in await StoreTables.LockPackagesAsync(connection, [.. _skusToChange], cancellation))
                Packages[package.Sku] = package;
        if (_checkoutIds.Count > 0)
            foreach (var checkout in await StoreTables.LockCheckoutsAsync(connection, [.. _checkoutIds], cancellation))
                Checkouts[checkout.CheckoutId] = checkout;

        if (_skus.Except(_skusToChange).ToArray() is { Length: > 0 } skus)
            foreach (var package in await StoreTables.ReadPackagesAsync(connection, skus, cancellation))
                Packages[package.Sku] = package;
        if (_posts.Count > 0) await HoldKeysAsync(connection, cancellation);
    }

    /// <summary>The first post is inserted, in key order, and whoever holds each key after that is read in a statement of its own.</summary>
    private async Task HoldKeysAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await StoreTables.InsertPostsAsync(connection, FirstPosts(), cancellation);
        foreach (var (customerId, key, checkoutId, sku) in await StoreTables.ReadPostsAsync(connection, _posts, cancellation))
            Posts[(customerId, key)] = (checkoutId, sku);
    }

    /// <summary>
    /// Equal keys are folded to the first post of each, in key order, once the packages are loaded.
    /// A post for a package that is not listed leaves no trace, so that the same key is good once it is.
    /// </summary>
    public List<CreateCheckout> FirstPosts() => _posts.Where(p => Packages.ContainsKey(p.Sku)).GroupBy(p => (p.CustomerId, p.IdempotencyKey)).Select(g => g.First())
        .OrderBy(p => p.CustomerId, StringComparer.Ordinal).ThenBy(p => p.IdempotencyKey, StringComparer.Ordinal).ToList();

    public IReadOnlyList<ISpecificRecord> Decide(StoreCommand command)
    {
        switch (command)
        {
            case CreateCheckout c:
                return CheckoutDecisions.Decide(Packages.GetValueOrDefault(c.Sku)?.PriceCoins,
                    Posts.TryGetValue((c.CustomerId, c.IdempotencyKey), out var holder) ? holder.CheckoutId : null, c);
            case HeardOf c:
                var decided = CheckoutDecisions.Decide(Checkouts.GetValueOrDefault(c.CheckoutId), c);
                _heard.Add(c);
                return decided;
            case PackageCommand c:
                return PackageDecisions.Decide(Packages.GetValueOrDefault(c.Sku), c);
            default:
                throw new ArgumentOutOfRangeException(nameof(command), command, "Store has no decision for it.");
        }
    }

    /// <summary>What to answer a post with, and the checkout that holds its key.</summary>
    public (PostOutcome Outcome, Guid? CheckoutId) AnswerTo(CreateCheckout post)
    {
        if (!Posts.TryGetValue((post.CustomerId, post.IdempotencyKey), out var holder)) return (PostOutcome.UnknownPackage, null);
        if (holder.CheckoutId == post.CheckoutId) return (PostOutcome.Created, holder.CheckoutId);
        return (holder.Sku == post.Sku ? PostOutcome.SameAsBefore : PostOutcome.KeyUsedForOther, holder.CheckoutId);
    }

    public void Evolve(ISpecificRecord happened)
    {
        switch (happened)
        {
            case CheckoutCreated e:
                Checkouts[e.CheckoutId] = CheckoutDecisions.Evolve(null, e);
                _newCheckouts.Add(e.CheckoutId);
                break;
            case CheckoutCompleted e:
                Change(e.CheckoutId, e);
                break;
            case CheckoutFailed e:
                Change(e.CheckoutId, e);
                break;
            case CheckoutRefunded e:
                Change(e.CheckoutId, e);
                break;
            case PackageListed e:
                Packages[e.Sku] = PackageDecisions.Evolve(null, e);
                _newPackages.Add(e.Sku);
                break;
            case PriceChanged e:
                Packages[e.Sku] = PackageDecisions.Evolve(Packages[e.Sku], e);
                _changedPackages.Add(e.Sku);
                break;
        }
    }

    private void Change(Guid checkoutId, ISpecificRecord happened)
    {
        Checkouts[checkoutId] = CheckoutDecisions.Evolve(Checkouts[checkoutId], happened);
        _changedCheckouts.Add(checkoutId);
    }

    public async Task SaveAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await StoreTables.InsertCheckoutsAsync(connection, _newCheckouts.Select(id => Checkouts[id]).ToList(), cancellation);
        await StoreTables.UpdateCheckoutsAsync(connection, _changedCheckouts.Except(_newCheckouts).Select(id => Checkouts[id]).ToList(), cancellation);
        await StoreTables.InsertPackagesAsync(connection, _newPackages.Select(sku => Packages[sku]).ToList(), cancellation);
        await StoreTables.UpdatePackagesAsync(connection, _changedPackages.Except(_newPackages).Select(sku => Packages[sku]).ToList(), cancellation);
        await StoreTables.InsertObservationsAsync(connection, _heard, cancellation);
    }
}
