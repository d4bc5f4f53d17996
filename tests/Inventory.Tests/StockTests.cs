using avatarstore;
using avatarstore.balance;
using avatarstore.inventory;
using Avro.Specific;
using Checkout.Chassis.Entrance;
using Checkout.Fixtures;
using CsCheck;
using Xunit;

namespace Checkout.Inventory.Tests;

public sealed class StockTests
{
    private static readonly Guid Checkout = Guid.Parse("6a3f0f0e-0000-7000-8000-000000000001");
    private static readonly DateTime Deadline = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime InTime = Deadline.AddMinutes(-5);

    private static readonly Action<InventoryRows> Unknown = _ => { };
    private static readonly Action<InventoryRows> SoldOut = Holding(0);
    private static readonly Action<InventoryRows> One = Holding(1);
    private static readonly Action<InventoryRows> Owned =
        rows => rows.Ownership.Add(new("c-1", "TIGER"), new(Guid.Empty));
    private static readonly Action<InventoryRows> Delivered =
        rows => rows.Deliveries.Add(new("TIGER", "delivery-1"), new(1));

    private static readonly BalanceDeducted Assign =
        new() { CheckoutId = Checkout, CustomerId = "c-1", Sku = "TIGER", PriceCoins = 50_000, ExpiresAt = Deadline };

    [Fact]
    public void The_last_piece_is_assigned() => Then(One, Assign, new AvatarAssigned
    {
        CheckoutId = Checkout,
        CustomerId = "c-1",
        Sku = "TIGER",
        PriceCoins = 50_000,
        RemainingStock = 0,
    });

    [Fact]
    public void No_piece_left_is_a_refusal() => Then(SoldOut, Assign, Rejected(Reason.SOLD_OUT));

    [Fact]
    public void A_package_that_was_never_in_stock_is_a_refusal() =>
        Then(Unknown, Assign, Rejected(Reason.UNKNOWN_PACKAGE));

    [Fact]
    public void Who_owns_the_avatar_gets_no_second_one_and_is_told_so_even_when_it_is_sold_out()
    {
        Then(One + Owned, Assign, Rejected(Reason.ALREADY_OWNED));
        Then(SoldOut + Owned, Assign, Rejected(Reason.ALREADY_OWNED));
    }

    [Fact]
    public void A_moment_after_the_deadline_is_a_refusal_whatever_the_stock()
    {
        var late = Deadline.AddMicroseconds(1);
        foreach (var given in new[] { Unknown, SoldOut, One, One + Owned })
            Assert.Equal(EventText.Of([Rejected(Reason.EXPIRED)]), EventText.Of(Told(given, Assign, late)));
    }

    [Fact]
    public void Expired_is_said_after_the_deadline_and_only_then() =>
        Gen.Select(Gen.Int[-3, 3], Gen.Long[0, 2], Gen.Bool).Sample((microseconds, available, owned) =>
        {
            var given = Holding(available) + (owned ? Owned : Unknown);
            var told = Told(given, Assign, now: Deadline.AddMicroseconds(microseconds));
            Assert.Equal(microseconds > 0, Assert.Single(told) is AssignmentRejected { Reason: Reason.EXPIRED });
        });

    [Fact]
    public void The_first_delivery_makes_the_package_known() => Then(Unknown, Add(50), Added(50, stock: 50));

    [Fact]
    public void A_delivery_adds_to_what_is_there() => Then(One, Add(50), Added(50, stock: 51));

    [Fact]
    public void A_delivery_that_came_before_adds_nothing() => Then(One + Delivered, Add(50));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_delivery_of_nothing_is_a_fault(long quantity) =>
        Assert.Throws<ArgumentException>(() => Told(One, Add(quantity)));

    [Fact]
    public void A_delivery_beyond_what_every_client_can_hold_is_a_sentence_and_no_overflow()
    {
        Then(Unknown, Add(ExactNumber.Max), Added(ExactNumber.Max, stock: ExactNumber.Max));
        foreach (var (quantity, said) in new[] { (long.MaxValue, "quantity is "), (ExactNumber.Max + 1, "quantity is "),
            (ExactNumber.Max, "The stock of TIGER would be above 9007199254740991") })
            Assert.Contains(said, Assert.Throws<ArgumentException>(() => Told(One, Add(quantity))).Message,
                StringComparison.Ordinal);
    }

    private static Action<InventoryRows> Holding(long available) => rows => rows.Stock.Add("TIGER", new(available));

    private static AddStock Add(long quantity) => new("TIGER", "delivery-1", quantity);

    private static StockAdded Added(long quantity, long stock) =>
        new() { Sku = "TIGER", Quantity = quantity, Stock = stock, Reference = "delivery-1" };

    private static AssignmentRejected Rejected(Reason reason) =>
        new() { CheckoutId = Checkout, CustomerId = "c-1", Sku = "TIGER", PriceCoins = 50_000, Reason = reason };

    private static InMemory<InventoryRows> Inventory(DateTime now) => new(InventoryChoreography.Table, now);

    private static IReadOnlyList<ISpecificRecord> Told(
        Action<InventoryRows> given, BalanceDeducted when, DateTime? now = null)
    {
        var inventory = Inventory(now ?? InTime).Given(given);
        return inventory.RunAlone(inventory.Heard(when));
    }

    private static IReadOnlyList<ISpecificRecord> Told(Action<InventoryRows> given, AddStock when) =>
        Inventory(InTime).Given(given).RunAlone(InventoryChoreography.Table.WorkOf(when, Guid.Empty));

    private static void Then(Action<InventoryRows> given, BalanceDeducted when, params ISpecificRecord[] wanted) =>
        Assert.Equal(EventText.Of(wanted), EventText.Of(Told(given, when)));

    private static void Then(Action<InventoryRows> given, AddStock when, params ISpecificRecord[] wanted) =>
        Assert.Equal(EventText.Of(wanted), EventText.Of(Told(given, when)));
}
