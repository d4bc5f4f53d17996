using avatarstore;
using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Balance;
using Checkout.Inventory;
using Checkout.Store;

namespace Checkout.Simulation.Model;

/// <summary>Judges each checkout by what the three services told of it.</summary>
public sealed class Checkouts
{
    private readonly World _world;
    private readonly IReadOnlyDictionary<Guid, CheckoutState> _checkouts;
    private readonly List<ISpecificRecord> _store;
    private readonly ILookup<Guid, ISpecificRecord> _told;

    public Checkouts(World world)
    {
        _world = world;
        _checkouts = world.Store.All(rows => rows.Checkouts);
        _store = Judge.Happened(world.Store.Chain, StoreChoreography.Table).ToList();
        _told = _store
            .Concat(Judge.Happened(world.Balance.Chain, BalanceChoreography.Table))
            .Concat(Judge.Happened(world.Inventory.Chain, InventoryChoreography.Table))
            // A compensation is about a checkout, and no step of it: Store does not hear of it.
            .Where(e => e is not CompensationGranted && CheckoutOf(e) is not null).ToLookup(e => CheckoutOf(e)!.Value);
    }

    public IEnumerable<string> Findings() =>
        [.. Prices(), .. _told.SelectMany(story => Story(story.Key, story.ToList())), .. Timeline(), .. Owners()];

    /// <summary>A checkout has the price that the package had when it was created, and was on sale then.</summary>
    private IEnumerable<string> Prices()
    {
        var prices = new Dictionary<string, long>();
        var offSale = new HashSet<string>();
        foreach (var e in _store)
        {
            if (e is PackageListed listed) prices[listed.Sku] = listed.PriceCoins;
            if (e is PriceChanged changed) prices[changed.Sku] = changed.PriceCoins;
            if (e is PackageTakenOffSale taken) offSale.Add(taken.Sku);
            if (e is PackagePutOnSale put) offSale.Remove(put.Sku);
            if (e is CheckoutCreated bought && offSale.Contains(bought.Sku))
                yield return $"checkout {bought.CheckoutId} is of {bought.Sku}, which was off sale";
            if (e is CheckoutCreated created && prices[created.Sku] != created.PriceCoins)
                yield return $"checkout {created.CheckoutId} costs {created.PriceCoins}, and its package "
                    + $"{prices[created.Sku]}";
        }
    }

    private IEnumerable<string> Story(Guid id, List<ISpecificRecord> told)
    {
        var status = _checkouts.TryGetValue(id, out var checkout) ? checkout.Status : (CheckoutStatus?)null;
        string[] wanted = status switch
        {
            CheckoutStatus.Completed => ["CheckoutCreated", "BalanceDeducted", "AvatarAssigned", "CheckoutCompleted"],
            CheckoutStatus.Failed => ["CheckoutCreated", "DeductionRejected", "CheckoutFailed"],
            CheckoutStatus.Refunded =>
                ["CheckoutCreated", "BalanceDeducted", "AssignmentRejected", "BalanceRefunded", "CheckoutFailed",
                    "CheckoutRefunded"],
            _ => [],
        };
        if (wanted.Length == 0) yield return $"checkout {id} did not end: {status?.ToString() ?? "unknown"}";
        var names = told.Select(e => e.Schema.Name);
        if (wanted.Length > 0
            && !names.Order(StringComparer.Ordinal).SequenceEqual(wanted.Order(StringComparer.Ordinal)))
            yield return $"checkout {id} is {status}, and its story is {string.Join(", ", names)}";

        // Every service speaks of the same customer, package and price, and gives the reason that the refusing one had.
        foreach (var field in new[] { "customerId", "sku", "priceCoins", "reason" })
            if (told.Select(e => ValueOf(e, field)).OfType<object>().Distinct().Count() > 1)
                yield return $"the story of checkout {id} has more than one {field}";
        if (told.OfType<BalanceRefunded>().Any(refund => refund.RefundedCoins != checkout!.PriceCoins))
            yield return $"checkout {id} was not refunded what it cost";
        if (told.OfType<DeductionRejected>().Any(e => e.Reason == Reason.EXPIRED && e.OccurredAt <= checkout!.ExpiresAt)
            || told.OfType<AssignmentRejected>()
            .Any(e => e.Reason == Reason.EXPIRED && e.OccurredAt <= checkout!.ExpiresAt))
            yield return $"checkout {id} was called expired before its deadline";
        if (told.OfType<BalanceDeducted>().Any(e => e.OccurredAt > checkout!.ExpiresAt)
            || told.OfType<AvatarAssigned>().Any(e => e.OccurredAt > checkout!.ExpiresAt))
            yield return $"checkout {id} was served after its deadline";
    }

    /// <summary>Store's timeline has every event of the others about a checkout, once.</summary>
    private IEnumerable<string> Timeline()
    {
        var heard = _told.SelectMany(story => story)
            .Where(e => ((Avro.RecordSchema)e.Schema).Namespace != "avatarstore.store").Select(IdOf).ToHashSet();
        var observed = _world.Store.All(rows => rows.Observations);
        if (!heard.SetEquals(observed.Keys))
            yield return $"Store heard {observed.Count} of {heard.Count} events about checkouts";
    }

    private IEnumerable<string> Owners() =>
        from owned in _world.Inventory.All(rows => rows.Ownership)
        let checkout = _checkouts[owned.Value.CheckoutId]
        where checkout.Status != CheckoutStatus.Completed || checkout.CustomerId != owned.Key.CustomerId
        || checkout.Sku != owned.Key.Sku
        select $"{owned.Key} comes from checkout {checkout}";

    private static Guid IdOf(ISpecificRecord e) => (Guid)ValueOf(e, "eventId")!;

    private static Guid? CheckoutOf(ISpecificRecord e) => (Guid?)ValueOf(e, "checkoutId");

    private static object? ValueOf(ISpecificRecord e, string name) =>
        ((Avro.RecordSchema)e.Schema).TryGetField(name, out var field) ? e.Get(field.Pos) : null;
}
