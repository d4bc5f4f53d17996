using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.WireFormat;
using Checkout.Inventory;
using Checkout.LogTailer.Chain;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Source;
using Checkout.Store;
using Checkout.Store.Checkouts;

namespace Checkout.Simulation.Model;

/// <summary>Reads the stores, topics and tables of a system at rest, and says what does not fit.</summary>
public static class Judge
{
    public static IEnumerable<string> Findings(World world, Script script) =>
    [
        .. world.Stores.SelectMany(store => Chain(store.Service.Chain)),
        .. Ids(world),
        .. world.Stores.SelectMany(store => Topic(store.Service.Chain, store.Topic)),
        .. world.Services.SelectMany(service => AllHandled(world, service)),
        .. world.Services.SelectMany(service => Rebuild(world, service)),
        .. Coins(world, script),
        .. Stock(world, script),
        .. new Checkouts(world).Findings(),
        .. Posts(world, script),
    ];

    private static IEnumerable<string> Chain(EventChain chain)
    {
        var last = new long[chain.Partitions];
        for (var i = 0; i < chain.Events.Count; i++)
        {
            var e = chain.Events[i];
            if (e.Position != i + 1) yield return $"{chain.Source}: position {i + 1} is {e.Position}";
            if (e.Partition != Murmur2.Hash(e.Key) % chain.Partitions)
                yield return $"{chain.Source}: position {e.Position} is on the wrong partition";
            if (e.Previous != last[e.Partition])
                yield return $"{chain.Source}: position {e.Position} says {e.Previous} came before, but "
                    + $"{last[e.Partition]} did";
            last[e.Partition] = e.Position;
        }
    }

    /// <summary>No id twice over all stores, and every answer names an event that happened.</summary>
    private static IEnumerable<string> Ids(World world)
    {
        var all = world.Services.SelectMany(service => service.Chain.Events).ToList();
        foreach (var twice in all.GroupBy(e => e.EventId).Where(g => g.Count() > 1))
            yield return $"event id {twice.Key} was given {twice.Count()} times";
        var ids = all.Select(e => e.EventId).ToHashSet();
        foreach (
            var e in all.Where(e => e.CausationId is { } cause && !ids.Contains(cause)
                && e.Type != ((Avro.RecordSchema)BalanceCredited._SCHEMA).Fullname))
            yield return $"{e.Type} {e.EventId} was caused by {e.CausationId}, which no store has";
    }

    /// <summary>
    /// The topic has every event of the store; in order, but for copies of earlier ones; the same bytes.
    /// </summary>
    private static IEnumerable<string> Topic(EventChain chain, Topic topic)
    {
        for (var partition = 0; partition < topic.Partitions; partition++)
        {
            var firsts = topic[partition].DistinctBy(record => record.Position).ToList();
            var wanted = chain.Events.Where(e => e.Partition == partition).ToList();
            if (!firsts.Select(record => record.Position).SequenceEqual(wanted.Select(e => e.Position)))
                yield return $"{topic.Name}/{partition}: the positions are not those of the store, in order";
            foreach (var record in topic[partition])
            {
                var atRest = chain.Events[(int)record.Position - 1].Payload;
                if (!record.Value.AsSpan(ConfluentFrame.HeaderBytes)
                    .SequenceEqual(atRest.AsSpan(SingleObject.HeaderBytes)))
                    yield return $"{topic.Name}/{partition}: position {record.Position} "
                        + "does not have the store's bytes";
            }
        }
    }

    private static IEnumerable<string> AllHandled(World world, IService service) =>
        from store in world.Stores
        where service.Group.Reads(store.Topic.Name)
        from partition in Enumerable.Range(0, store.Topic.Partitions)
        let handled = service.Handled.GetValueOrDefault((store.Topic.Name, partition))
        let end = store.Service.Chain.Last[partition]
        where handled != end
        select $"{service.Name} handled {store.Topic.Name}/{partition} up to {handled} of {end}";

    private static IEnumerable<string> Rebuild(World world, IService service)
    {
        var (live, rebuilt) = service.Compare(world.Random);
        return live.Except(rebuilt).Select(row => $"{service.Name} has a row that its events do not lead to: {row}")
            .Concat(rebuilt.Except(live)
                .Select(row => $"{service.Name}'s events lead to a row that it does not have: {row}"));
    }

    private static IEnumerable<string> Coins(World world, Script script)
    {
        var given = Happened(world.Balance.Chain, BalanceChoreography.Table).OfType<BalanceCredited>().ToList();
        foreach (var (fact, coins) in script.Credits)
            if (given.Count(e => (e.CustomerId, e.Cause, e.Reference) == (fact.CustomerId, fact.Cause, fact.Reference)
                && e.CreditedCoins == coins) != 1)
                yield return $"{fact} of {coins} coins was not credited once";
        if (given.Count != script.Credits.Count) yield return $"{given.Count} credits for {script.Credits.Count} facts";
        var compensations = Happened(world.Balance.Chain, BalanceChoreography.Table).OfType<CompensationGranted>()
            .ToLookup(e => new CompensationKey(e.CheckoutId, e.Reference));
        if (compensations.Any(same => same.Count() > 1) || compensations.Count != script.Compensations.Count
            || script.Compensations.Any(told => compensations[told.Key].SingleOrDefault() is not { } e
                || new Compensation(e.CustomerId, e.GrantedCoins) != told.Value))
            yield return "compensations are not what support was told that it gave, each once";
        var accounts = world.Balance.All(rows => rows.Accounts);
        var deductions = world.Balance.All(rows => rows.Deductions);
        foreach (var customer in script.Credits.Keys.Select(fact => fact.CustomerId)
            .Concat(script.Compensations.Values.Select(c => c.CustomerId)).Distinct())
        {
            var credited = script.Credits.Where(c => c.Key.CustomerId == customer).Sum(c => c.Value)
                + script.Compensations.Values.Where(c => c.CustomerId == customer).Sum(c => c.Coins);
            var spent = deductions.Values.Where(d => d.CustomerId == customer && !d.Refunded).Sum(d => d.Coins);
            var coins = accounts[customer].Coins;
            if (credited != coins + spent)
                yield return $"{customer} was given {credited} coins, and has {coins} and spent {spent}";
        }
        foreach (var (customer, account) in accounts)
            if (account.Coins < 0) yield return $"{customer} has {account.Coins} coins";
    }

    private static IEnumerable<string> Stock(World world, Script script)
    {
        var ownership = world.Inventory.All(rows => rows.Ownership);
        foreach (var (sku, stock) in world.Inventory.All(rows => rows.Stock))
        {
            var delivered = script.Deliveries.Where(d => d.Key.Sku == sku).Sum(d => d.Value);
            var owned = ownership.Keys.Count(o => o.Sku == sku);
            if (stock.Available < 0 || delivered != stock.Available + owned)
                yield return $"of {delivered} pieces of {sku} {stock.Available} are left and {owned} are owned";
        }
    }

    private static IEnumerable<string> Posts(World world, Script script)
    {
        var posts = world.Store.All(rows => rows.Posts);
        var created = Happened(world.Store.Chain, StoreChoreography.Table).OfType<CheckoutCreated>()
            .ToDictionary(e => e.CheckoutId);
        if (posts.Count != created.Count) yield return $"{created.Count} checkouts for {posts.Count} idempotency keys";
        foreach (var (key, holder) in posts)
            if (!created.TryGetValue(holder.CheckoutId, out var checkout)
                || (checkout.CustomerId, checkout.Sku) != (key.CustomerId, holder.Sku))
                yield return $"{key} stands for checkout {holder}, which was not created like that";
        foreach (var answer in script.Answers)
        {
            var holder = posts.GetValueOrDefault(new(answer.Post.CustomerId, answer.Post.IdempotencyKey));
            var isHolder = holder is not null && holder.CheckoutId == answer.CheckoutId;
            var fits = answer.Outcome switch
            {
                PostOutcome.Created => isHolder && answer.CheckoutId == answer.Post.CheckoutId,
                PostOutcome.SameAsBefore => isHolder && IsSameBody(holder!, answer.Post),
                PostOutcome.KeyUsedForOther => isHolder && !IsSameBody(holder!, answer.Post),
                PostOutcome.OffSale => answer.Package is { IsOnSale: false },
                PostOutcome.OtherPrice => answer.Package is { IsOnSale: true } package
                    && answer.Post.ExpectedPriceCoins is { } expected && expected != package.PriceCoins,
                _ => answer.Package is null,
            };
            if (!fits) yield return $"the answer {answer} does not fit {holder}";
        }
    }

    private static bool IsSameBody(Post holder, CreateCheckout post) =>
        holder.Sku == post.Sku && holder.ExpectedPriceCoins == post.ExpectedPriceCoins;

    public static IEnumerable<ISpecificRecord> Happened<TRows>(EventChain chain, Choreography<TRows> teller) =>
        chain.Events.Select(e => Wire.Read(e, teller));
}
