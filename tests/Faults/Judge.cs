using Checkout.Balance;
using Checkout.Chassis.Operating;
using Checkout.Inventory;
using Checkout.Local.Demo;
using Checkout.Store;
using Checkout.Store.Checkouts;
using Dapper;

namespace Checkout.Faults;

/// <summary>What must hold when a round has ended and everything runs again.</summary>
internal sealed class Judge(FaultySystem system)
{
    private const int RebuildWorkers = 2;

    private readonly TopicDuplicates _duplicates = new();

    /// <summary>The duplicates that came onto the topics in this round.</summary>
    /// <exception cref="ViolationException">Something does not hold.</exception>
    public async Task<IReadOnlyDictionary<string, long>> JudgeAsync(Plan plan, Load load, CancellationToken stop)
    {
        _duplicates.Begin(plan);
        var duplicates = await TopicsAsync(stop);
        system.Say("campaign: topics are judged");
        foreach (var (name, fault) in await Invariants.CheckStatesAsync(system.Local.Addresses, stop))
            if (fault is not null && name != Invariants.NothingParked)
                throw new ViolationException($"It does not hold that {name}: {fault}");
        foreach (var database in FaultySystem.Services) await OnlyForeignParkedAsync(database, stop);
        system.Say("campaign: topics and states are judged");
        if (await load.OtherOnRepeatAsync(stop) is { } other) throw new ViolationException(other);
        await PurchasesFitAsync(load, stop);
        system.Say("campaign: purchases are judged");
        await RebuildEqualsAsync(stop);
        system.Say("campaign: rebuilds are judged");
        return duplicates;
    }

    /// <summary>
    /// Stores and topics hold the same events. A topic holds none twice, unless something in this round explains it.
    /// </summary>
    private async Task<IReadOnlyDictionary<string, long>> TopicsAsync(CancellationToken stop)
    {
        var came = new Dictionary<string, long>();
        foreach (var verdict in await TopicsCheck.VerifyAsync(system.Local.Addresses, stop))
        {
            if (verdict.Difference is not null && !(verdict.OnlyForeign && system.Foreign.Wrote(verdict.Topic)))
                throw new ViolationException(verdict.ToString());
            if (_duplicates.Came(verdict.Topic, verdict.Duplicates) is > 0 and var more) came[verdict.Topic] = more;
        }
        return came;
    }

    /// <summary>What the foreign producer wrote may be parked; nothing of anybody else's may be.</summary>
    private async Task OnlyForeignParkedAsync(string database, CancellationToken stop)
    {
        await using var connection = await system.OpenAsync(database, stop);
        foreach (var (topic, partition, position, reason) in await connection.QueryAsync<(string, int, long, string)>(
            "SELECT topic, partition, position, reason FROM parked ORDER BY id"))
            if (!system.Foreign.Wrote(topic, partition, position)) throw new ViolationException(
                $"{database} has parked {topic}/{partition} position {position}, which is nobody else's: {reason}");
    }

    /// <summary>
    /// What the clients know against the databases: every accepted purchase is one checkout that ended, none is there
    /// besides, and each customer has the coins that are left.
    /// </summary>
    private async Task PurchasesFitAsync(Load load, CancellationToken stop)
    {
        var customers = load.Purchases.Select(p => p.Customer).Distinct().ToArray();
        await using var store = await system.OpenAsync("store", stop);
        await using var balance = await system.OpenAsync("balance", stop);
        await using var inventory = await system.OpenAsync("inventory", stop);
        var checkouts =
            (await store.QueryAsync<(
                Guid Id, string Customer, string Sku, long Price, string Status, string? Reason, string? Hash)>(
            """
            SELECT c.checkout_id, c.customer_id, c.sku, c.price_coins, c.status, c.reason, p.key_hash
            FROM checkouts c LEFT JOIN hashed_posts p USING (checkout_id) WHERE c.customer_id = ANY(@customers)
            """, new { customers })).ToDictionary(c => c.Id);
        foreach (var purchase in load.Purchases)
            if (!checkouts.TryGetValue(purchase.CheckoutId!.Value, out var c)
                || (c.Customer, c.Sku, c.Hash) != (purchase.Customer, purchase.Sku,
                    PostHash.OfKey(purchase.Customer, purchase.Key)))
                throw new ViolationException($"{purchase.Customer}'s {purchase.Key} for {purchase.Sku} was accepted "
                    + $"as checkout {purchase.CheckoutId}, which Store does not know so");
        if (checkouts.Count != load.Purchases.Count) throw new ViolationException(
            $"The customers posted {load.Purchases.Count} checkouts, and Store has {checkouts.Count} of them");
        if (checkouts.Values.FirstOrDefault(c =>
            c.Reason is not (null or "INSUFFICIENT_FUNDS" or "SOLD_OUT" or "ALREADY_OWNED"))
                is { Id: var odd, Reason: not null } refused)
            throw new ViolationException(
                $"Checkout {odd} was refused for {refused.Reason}, for which there was no reason");

        var owned = (await inventory.QueryAsync<(string, string, Guid)>("SELECT customer_id, sku, checkout_id FROM "
            + "ownership WHERE customer_id = ANY(@customers)", new { customers })).ToHashSet();
        if (!owned.SetEquals(checkouts.Values.Where(c => c.Status == "Completed")
            .Select(c => (c.Customer, c.Sku, c.Id))))
            throw new ViolationException($"The customers own {owned.Count} avatars, and these are not those of the "
                + $"{checkouts.Values.Count(c => c.Status == "Completed")} completed checkouts");
        var coins = (await balance.QueryAsync<(string, long)>("SELECT customer_id, coins FROM accounts WHERE "
            + "customer_id = ANY(@customers)", new { customers })).ToDictionary();
        foreach (var customer in customers)
        {
            var left = load.Rewards.Where(r => r.Customer == customer)
                .Sum(r => r.Coins) - checkouts.Values.Where(c => c.Customer == customer && c.Status == "Completed")
                .Sum(c => c.Price);
            if (coins.GetValueOrDefault(customer) != left) throw new ViolationException(
                $"{customer} has {coins.GetValueOrDefault(customer)} coins and should have {left}");
        }
    }

    private async Task RebuildEqualsAsync(CancellationToken stop)
    {
        using var store = new StringWriter();
        using var balance = new StringWriter();
        using var inventory = new StringWriter();
        var codes = await Task.WhenAll(
            new Rebuild<StoreRows>(StoreChoreography.Table, Own("store")).RunAsync(RebuildWorkers, store, stop),
            new Rebuild<BalanceRows>(BalanceChoreography.Table, Own("balance")).RunAsync(RebuildWorkers, balance, stop),
            new Rebuild<InventoryRows>(InventoryChoreography.Table, Own("inventory"))
            .RunAsync(RebuildWorkers, inventory, stop));
        foreach (var (code, said) in codes.Zip(new[] { store, balance, inventory }))
            if (code != 0) throw new ViolationException($"A state is not what its events lead to: {said}");
    }

    private string Own(string database) => system.Local.DatabaseFor(database, database);
}
