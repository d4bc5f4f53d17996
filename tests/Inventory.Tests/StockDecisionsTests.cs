using avatarstore;
using avatarstore.inventory;
using Avro.Specific;
using Checkout.Fixtures;
using CsCheck;
using Xunit;

namespace Checkout.Inventory.Tests;

public sealed class StockDecisionsTests
{
    private static readonly Guid Checkout = Guid.Parse("6a3f0f0e-0000-7000-8000-000000000001");
    private static readonly DateTime Deadline = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly AssignAvatar Assign = new(Checkout, "c-1", "TIGER", 50_000, Deadline, Deadline.AddMinutes(-5));
    private static readonly AddStock Add = new("TIGER", 50, "delivery-1");

    private static readonly Stock Unknown = new(Available: null, Owned: false, DeliveryKnown: false);
    private static readonly Stock SoldOut = Unknown with { Available = 0 };
    private static readonly Stock One = Unknown with { Available = 1 };

    [Fact]
    public void The_last_piece_is_assigned() => Then(One, Assign,
        new AvatarAssigned { CheckoutId = Checkout, CustomerId = "c-1", Sku = "TIGER", PriceCoins = 50_000, RemainingStock = 0 });

    [Fact]
    public void No_piece_left_is_a_refusal() => Then(SoldOut, Assign, Rejected(Reason.SOLD_OUT));

    [Fact]
    public void A_package_that_was_never_in_stock_is_a_refusal() => Then(Unknown, Assign, Rejected(Reason.UNKNOWN_PACKAGE));

    [Fact]
    public void Who_owns_the_avatar_gets_no_second_one_and_is_told_so_even_when_it_is_sold_out()
    {
        Then(One with { Owned = true }, Assign, Rejected(Reason.ALREADY_OWNED));
        Then(SoldOut with { Owned = true }, Assign, Rejected(Reason.ALREADY_OWNED));
    }

    [Fact]
    public void A_moment_after_the_deadline_is_a_refusal_whatever_the_stock()
    {
        foreach (var stock in new[] { Unknown, SoldOut, One, One with { Owned = true } })
            Then(stock, Assign with { Now = Deadline.AddMicroseconds(1) }, Rejected(Reason.EXPIRED));
    }

    [Fact]
    public void Expired_is_said_after_the_deadline_and_only_then() =>
        Gen.Select(Gen.Int[-3, 3], Gen.Long[0, 2], Gen.Bool).Sample((microseconds, available, owned) =>
        {
            var assign = Assign with { Now = Deadline.AddMicroseconds(microseconds) };
            var decided = Assert.Single(StockDecisions.Decide(new(available, owned, DeliveryKnown: false), assign));
            Assert.Equal(microseconds > 0, decided is AssignmentRejected { Reason: Reason.EXPIRED });
        });

    [Fact]
    public void The_first_delivery_makes_the_package_known() =>
        Then(Unknown, Add, new StockAdded { Sku = "TIGER", Quantity = 50, Stock = 50, Reference = "delivery-1" });

    [Fact]
    public void A_delivery_adds_to_what_is_there() => Then(One, Add, new StockAdded { Sku = "TIGER", Quantity = 50, Stock = 51, Reference = "delivery-1" });

    [Fact]
    public void A_delivery_that_came_before_adds_nothing() => Then(One with { DeliveryKnown = true }, Add);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_delivery_of_nothing_is_a_fault(long quantity) =>
        Assert.Throws<ArgumentException>(() => StockDecisions.Decide(One, Add with { Quantity = quantity }));

    [Fact]
    public void A_delivery_that_no_stock_can_hold_is_a_fault() =>
        Assert.Throws<OverflowException>(() => StockDecisions.Decide(One, Add with { Quantity = long.MaxValue }));

    private static AssignmentRejected Rejected(Reason reason) =>
        new() { CheckoutId = Checkout, CustomerId = "c-1", Sku = "TIGER", PriceCoins = 50_000, Reason = reason };

    private static void Then(Stock given, StockCommand when, params ISpecificRecord[] wanted) =>
        Assert.Equal(EventText.Of(wanted), EventText.Of(StockDecisions.Decide(given, when)));
}
