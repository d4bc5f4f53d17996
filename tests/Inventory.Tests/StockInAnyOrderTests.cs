using avatarstore;
using avatarstore.balance;
using avatarstore.inventory;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Fixtures;
using CsCheck;
using Xunit;

namespace Checkout.Inventory.Tests;

/// <summary>Any steps in any order on stock in memory; what a database adds is tested with one.</summary>
public sealed class StockInAnyOrderTests
{
    private const int Runs = 1_000;
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly Gen<string> Sku = Gen.OneOf("GORILLA", "TIGER", "PALM");

    // Near the largest number a stock can hold as well as small ones, so that sums overflow.
    private static readonly Gen<long> Quantity = Gen.OneOf(Gen.Long[-1, 3], Gen.OneOf(long.MaxValue));

    private static readonly Gen<Work<InventoryRows>> Step = Gen.OneOf(
        Gen.Select(Gen.Guid, Gen.Int[0, 3], Sku, Gen.Int[-3, 1], (checkout, customer, sku, late) =>
            Inventory().Heard(new BalanceDeducted
            {
                CheckoutId = checkout,
                CustomerId = $"c-{customer}",
                Sku = sku,
                PriceCoins = 500,
                ExpiresAt = Now.AddMinutes(-late),
            })),
        Gen.Select(Sku, Quantity, Gen.Int[0, 2], (sku, quantity, reference) =>
            InventoryChoreography.Table.WorkOf(new AddStock(sku, $"{reference}", quantity), Guid.Empty)));

    private static readonly Gen<Work<InventoryRows>[]> Steps = Step.Array[0, 40];

    [Fact]
    public void Stock_is_exact_and_never_below_zero_whatever_the_steps() => Always(steps =>
    {
        var inventory = Inventory();
        var events = new List<ISpecificRecord>();
        foreach (var step in steps)
        {
            events.AddRange(inventory.Run(step));
            var owned = inventory.Memory.All(inventory.Rows.Ownership).Keys;
            Assert.All(inventory.Memory.All(inventory.Rows.Stock), stock =>
            {
                var added = events.OfType<StockAdded>().Where(e => e.Sku == stock.Key).Sum(e => (decimal)e.Quantity);
                Assert.True(stock.Value.Available >= 0);
                Assert.Equal(added - owned.Count(avatar => avatar.Sku == stock.Key), stock.Value.Available);
            });
        }
    });

    [Fact]
    public void The_stock_on_an_event_is_what_is_left_after_it() => Always(steps =>
    {
        var inventory = Inventory();
        foreach (var e in steps.SelectMany(step => inventory.Run(step)))
        {
            var stock = inventory.Memory.All(inventory.Rows.Stock);
            if (e is AvatarAssigned assigned) Assert.Equal(stock[assigned.Sku].Available, assigned.RemainingStock);
            if (e is StockAdded added) Assert.Equal(stock[added.Sku].Available, added.Stock);
        }
    });

    [Fact]
    public void Nobody_owns_an_avatar_twice() => Always(steps =>
    {
        var inventory = Inventory();
        var assigned = steps.SelectMany(step => inventory.Run(step)).OfType<AvatarAssigned>().ToList();
        Assert.Equal(assigned.Count, assigned.DistinctBy(e => (e.CustomerId, e.Sku)).Count());
    });

    [Fact]
    public void Every_assignment_is_answered_once() => Always(steps =>
    {
        var inventory = Inventory();
        foreach (var step in steps)
        {
            var told = inventory.Run(step);
            if (step.Step is not BalanceDeducted) continue;
            Assert.True(Assert.Single(told) is AvatarAssigned or AssignmentRejected { Reason: not Reason.UNKNOWN });
        }
    });

    [Fact]
    public void A_delivery_counts_once() => Always(steps =>
    {
        var inventory = Inventory();
        var added = steps.SelectMany(step => inventory.Run(step)).OfType<StockAdded>().ToList();
        Assert.Equal(added.Count, added.DistinctBy(e => (e.Sku, e.Reference)).Count());
    });

    [Fact]
    public void However_steps_are_cut_into_batches_the_events_and_the_rows_are_the_same() =>
        Gen.Select(Steps, Gen.Int[2, 10]).Sample((steps, size) =>
        {
            var (whole, cut) = (Inventory(), Inventory());
            var wanted = steps.SelectMany(step => whole.Run(step)).ToList();
            Assert.Equal(EventText.Of(wanted), EventText.Of(steps.Chunk(size).SelectMany(batch => cut.Run(batch))));
            SameRows(whole, cut);
        }, iter: Runs, print: t => InMemory<InventoryRows>.Text(t.Item1));

    [Fact]
    public void The_events_alone_lead_to_the_same_rows_in_any_order() =>
        Gen.Select(Steps, Gen.Int, Gen.Int[1, 10]).Sample((steps, seed, size) =>
        {
            var (live, rebuilt) = (Inventory(), Inventory());
            var events = live.Run(steps).ToArray();
            // Customers and deliveries are on different partitions, and a rebuild replays those side by side.
            new Random(seed).Shuffle(events);
            foreach (var page in events.Chunk(size)) rebuilt.Apply(page);
            SameRows(live, rebuilt);
        }, iter: Runs, print: t => InMemory<InventoryRows>.Text(t.Item1));

    private static void Always(Action<Work<InventoryRows>[]> holds) =>
        Steps.Sample(holds, iter: Runs, print: InMemory<InventoryRows>.Text);

    private static void SameRows(InMemory<InventoryRows> wanted, InMemory<InventoryRows> actual)
    {
        Assert.Equal(wanted.Memory.All(wanted.Rows.Stock), actual.Memory.All(actual.Rows.Stock));
        Assert.Equal(wanted.Memory.All(wanted.Rows.Ownership), actual.Memory.All(actual.Rows.Ownership));
        Assert.Equal(wanted.Memory.All(wanted.Rows.Deliveries), actual.Memory.All(actual.Rows.Deliveries));
    }

    private static InMemory<InventoryRows> Inventory() => new(InventoryChoreography.Table, Now);
}
