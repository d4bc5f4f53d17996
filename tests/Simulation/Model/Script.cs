using System.Globalization;
using avatarstore;
using avatarstore.game;
using Avro.Specific;
using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.WireFormat;
using Checkout.Inventory;
using Checkout.Store;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;
using Confluent.Kafka;

namespace Checkout.Simulation.Model;

/// <summary>How a post was answered.</summary>
public sealed record Answer(CreateCheckout Post, PostOutcome Outcome, Guid? CheckoutId, Package? Package);

/// <summary>
/// What players, the game and operators do to the system; it keeps what it did, so that the judge can compare.
/// </summary>
public sealed class Script(World world)
{
    private const int MaxGroup = 4;
    private const int Customers = 6;
    private const int KeysEach = 6;
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly string[] Listed = ["GORILLA", "TIGER", "PALM", "UNSTOCKED"];
    private static readonly string[] Skus = [.. Listed, "GORILLA", "TIGER", "TIGER", "UNLISTED"];
    private static readonly long[] Prices = [0, 500, 500, 5_000, 500_000_000];
    private static readonly long[] Gifts = [1, 700, 5_000, 60_000, 550_000_000];

    public List<Answer> Answers { get; } = [];

    public Dictionary<CreditKey, long> Credits { get; } = [];

    /// <summary>What support was told that it gave, and to whom.</summary>
    public Dictionary<CompensationKey, Compensation> Compensations { get; } = [];

    public Dictionary<DeliveryKey, long> Deliveries { get; } = [];

    private Random Random => world.Random;

    /// <summary>What is on sale, some stock and some coins: the rest comes while it runs.</summary>
    public void Begin()
    {
        foreach (var (sku, price) in Listed.Zip([500L, 5_000, 500_000_000, 500]))
            Operate(world.Store, $$"""[{"sku": "{{sku}}", "name": "{{sku}}", "priceCoins": {{price}}}]""",
                PackageOperators.List.Read);
        Deliver("GORILLA", "first", 5);
        Deliver("TIGER", "first", 1);
        Deliver("PALM", "first", 1);
        for (var i = 0; i < Customers; i++) TellFact();
    }

    /// <summary>
    /// A group of posts in one transaction. Keys come again, with the same body and with others, in the same group and
    /// later.
    /// </summary>
    public void Post() =>
        Post(Random.Next(10) switch { 0 => Ending.Dies, < 4 => Ending.CommitsUnseen, _ => Ending.Commits });

    public void Post(Ending ending)
    {
        var posts = Enumerable.Range(0, Random.Next(1, MaxGroup + 1)).Select(_ => new CreateCheckout(
            world.NewGuid(), Customer(), $"key-{Random.Next(KeysEach)}", Skus[Random.Next(Skus.Length)],
            world.NowAt(world.Store), Deadline,
            Random.Next(3) == 0 ? Prices[Random.Next(Prices.Length)] : null)).ToList();
        var works = posts.Select(p => StoreChoreography.Table.WorkOf(p, p.CheckoutId)).ToList();
        var rows = world.Store.Run(works, world.NowAt(world.Store), ending);
        // Now and then the answer is lost on its way; the client will post the same key again.
        if (ending == Ending.Dies || Random.Next(10) == 0) return;
        foreach (var post in posts)
        {
            var (outcome, checkoutId) = CheckoutDecisions.AnswerTo(rows, post);
            Answers.Add(new(post, outcome, checkoutId, rows.Catalogue[post.Sku]));
        }
    }

    /// <summary>The game tells of coins; it resends what it is unsure of, as a new event.</summary>
    public void TellFact()
    {
        var customer = Customer();
        var day = new DateTime(2026, 1, Random.Next(1, 4), 0, 0, 0, DateTimeKind.Utc);
        var id = $"{Random.Next(3)}";
        var (fact, cause, reference) = Random.Next(3) switch
        {
            0 => ((ISpecificRecord)new GameRegistered
            {
                EventId = world.NewGuid(),
                OccurredAt = day,
                CustomerId = customer,
                GameId = id
            },
                CreditCause.GAME_REGISTERED, id),
            1 => (new DailyRewardClaimed
            {
                EventId = world.NewGuid(),
                OccurredAt = day,
                CustomerId = customer,
                Day = day
            }, CreditCause.DAILY_REWARD, day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
            _ => (new AchievementCompleted
            {
                EventId = world.NewGuid(),
                OccurredAt = day,
                CustomerId = customer,
                AchievementId = id
            }, CreditCause.ACHIEVEMENT, id),
        };
        fact.Put(((Avro.RecordSchema)fact.Schema)["coins"].Pos, Given(new(customer, cause, reference)));
        var headers = new Headers();
        if (Random.Next(2) == 0)
            headers.Add(EventHeaders.Type,
                System.Text.Encoding.UTF8.GetBytes(((Avro.RecordSchema)fact.Schema).Fullname));
        world.Game.Append(Murmur2.Hash(customer) % world.Game.Partitions, customer, Wire.Frame(EventCodec.Encode(fact)),
            headers);
    }

    public void GiveCoins() => GiveCoins(Customer(), $"ticket-{Random.Next(4)}");

    private void GiveCoins(string customer, string reference)
    {
        var coins = Given(new(customer, CreditCause.OPERATOR, reference));
        Operate(world.Balance,
            $$"""[{"customerId": "{{customer}}", "coins": {{coins}}, "reference": "{{reference}}"}]""",
            BalanceOperators.Credit.Read);
    }

    /// <summary>
    /// Support compensates a checkout, ended or not, and again, since it forgets that it did.
    /// </summary>
    public void Compensate()
    {
        var created = Answers.Where(answer => answer.Outcome == PostOutcome.Created).ToList();
        if (created.Count == 0) return;
        var post = created[Random.Next(created.Count)].Post;
        var key = new CompensationKey(post.CheckoutId, $"ticket-{Random.Next(2)}");
        var coins = Compensations.GetValueOrDefault(key)?.Coins ?? Random.Next(1, 100);
        var work = new GrantCompensation(key.CheckoutId, post.CustomerId, coins, key.Reference, "support", "late")
            .ToWork();
        world.Balance.Run([work], world.NowAt(world.Balance), Random.Next(5) == 0 ? Ending.Dies : Ending.Commits);
        // Where it died nobody was told anything, and may try again, with the same coins or others.
        var isThere = world.Balance.All(rows => rows.Compensations).TryGetValue(key, out var given);
        if (isThere) Compensations.TryAdd(key, given!);
    }

    public void AddStock() =>
        Deliver(Listed[Random.Next(Listed.Length - 1)], $"delivery-{Random.Next(4)}", Random.Next(1, 4));

    public void ChangePrice()
    {
        var change = new ChangePrice(Listed[Random.Next(Listed.Length)], Prices[Random.Next(Prices.Length)]);
        var work = StoreChoreography.Table.WorkOf(change, world.NewGuid());
        world.Store.Run([work], world.NowAt(world.Store), Ending.Commits);
    }

    /// <summary>A package comes or goes; most are on sale.</summary>
    public void TakeOffOrPutOnSale()
    {
        var sku = Listed[Random.Next(Listed.Length)];
        var work = Random.Next(3) == 0 ? StoreChoreography.Table.WorkOf(new TakeOffSale(sku), world.NewGuid())
            : StoreChoreography.Table.WorkOf(new PutOnSale(sku), world.NewGuid());
        world.Store.Run([work], world.NowAt(world.Store), Ending.Commits);
    }

    /// <summary>
    /// One more event on every partition of every store. A consumer whose offset fits a remade topic by accident (as
    /// many records, but others) waits there until a next record shows it the gap.
    /// </summary>
    public void End()
    {
        foreach (var sku in Keys("SKU-", world.Store.Chain.Partitions))
            Operate(world.Store, $$"""[{"sku": "{{sku}}", "name": "{{sku}}", "priceCoins": 1}]""",
                PackageOperators.List.Read);
        foreach (var sku in Keys("SKU-", world.Inventory.Chain.Partitions)) Deliver(sku, "last", 1);
        foreach (var customer in Keys("c-", world.Balance.Chain.Partitions)) GiveCoins(customer, "last");
    }

    /// <summary>A key for each partition.</summary>
    private static IEnumerable<string> Keys(string prefix, int partitions) =>
        Enumerable.Range(0, partitions).Select(partition =>
            Enumerable.Range(0, int.MaxValue).Select(i => $"{prefix}{i}")
                .First(key => Murmur2.Hash(key) % partitions == partition));

    private void Deliver(string sku, string reference, long pieces)
    {
        var quantity = Deliveries.GetValueOrDefault(new(sku, reference), pieces);
        Deliveries[new(sku, reference)] = quantity;
        Operate(world.Inventory, $$"""[{"sku": "{{sku}}", "quantity": {{quantity}}, "reference": "{{reference}}"}]""",
            InventoryOperators.AddStock.Read);
    }

    private void Operate<TRows>(Service<TRows> service, string file, Func<string, IReadOnlyList<Work<TRows>>> read) =>
        service.Run(read(file), world.NowAt(service), Ending.Commits);

    /// <summary>The same fact has the same coins whenever it is sent.</summary>
    private long Given(CreditKey fact) =>
        Credits.TryGetValue(fact, out var coins) ? coins : Credits[fact] = Gifts[Random.Next(Gifts.Length)];

    private string Customer() => $"c-{Random.Next(Customers)}";
}
