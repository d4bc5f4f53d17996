using avatarstore.balance;
using Avro.Specific;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Entrance;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.Balance.Tests;

public sealed class CompensationsTests
{
    private static readonly Guid Checkout = Guid.Parse("6a3f0f0e-0000-7000-8000-000000000001");
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    private static readonly Action<BalanceRows> Unknown = _ => { };
    private static readonly Action<BalanceRows> Charged = rows =>
    {
        rows.Accounts.Add("c-1", new(300));
        rows.Deductions.Add(Checkout, new("c-1", 500, Refunded: false));
    };
    private static readonly Action<BalanceRows> Compensated =
        Charged + (rows => rows.Compensations.Add(new(Checkout, "ticket-1"), new("c-1", 50)));

    [Fact]
    public void A_compensation_adds_its_coins_and_says_who_gave_it_and_why() =>
        Assert.Equal(EventText.Of([Granted(50, balance: 350)]), EventText.Of(Told(Charged, Grant())));

    [Fact]
    public void It_opens_an_account_where_there_is_none() =>
        Assert.Equal(EventText.Of([Granted(50, balance: 50)]), EventText.Of(Told(Unknown, Grant())));

    [Fact]
    public void The_same_checkout_and_reference_give_nothing_more_whoever_gives_them_and_why()
    {
        Assert.Empty(Told(Compensated, Grant()));
        Assert.Empty(Told(Compensated, Grant() with { Who = "another", Why = "forgot that it was given" }));
    }

    [Fact]
    public void Another_reference_of_the_same_checkout_gives_more() =>
        Assert.Equal(350, Assert.IsType<CompensationGranted>(Assert.Single(
            Told(Compensated, Grant() with { Reference = "ticket-2" }))).BalanceCoins);

    [Fact]
    public void The_same_reference_with_other_coins_is_a_refusal_that_says_what_was_given() =>
        AssertRefused(BalanceProblems.CompensationDiffers, "50 coins were given to c-1 before", Compensated,
            Grant() with { Coins = 51 });

    [Fact]
    public void The_same_reference_for_another_customer_is_a_refusal() => AssertRefused(
        BalanceProblems.CompensationDiffers, "", Compensated, Grant() with { CustomerId = "c-2" });

    [Fact]
    public void A_checkout_that_another_customer_paid_is_a_refusal() => AssertRefused(
        BalanceProblems.NotTheirCheckout, "of c-2. Look it up", Charged, Grant() with { CustomerId = "c-2" });

    [Fact]
    public void What_no_client_can_hold_is_a_refusal() => AssertRefused(
        BalanceProblems.BalanceFull, "c-1 has 300 coins", Charged, Grant() with { Coins = ExactNumber.Max - 299 });

    [Theory]
    [InlineData("6a3f0f0e-0000-7000-8000-00000000000", "c", 1, "r", "w", "checkoutId is no")]
    [InlineData("6a3f0f0e00007000800000000000000001", "c", 1, "r", "w", "checkoutId is no")]
    [InlineData(" 6a3f0f0e-0000-7000-8000-00000000001", "c", 1, "r", "w", "checkoutId is no")]
    [InlineData("6a3f0f0e-0000-7000-8000-000000000001\n", "c", 1, "r", "w", "checkoutId is no")]
    [InlineData("0x3f0f0e-0000-7000-8000-000000000001", "c", 1, "r", "w", "checkoutId is no")]
    [InlineData("6a3f0f0e-0000-7000-8000-000000000001", "a b", 1, "r", "w", "customerId has U+0020")]
    [InlineData("6a3f0f0e-0000-7000-8000-000000000001", "c", 0, "r", "w", "coins is 0")]
    [InlineData("6a3f0f0e-0000-7000-8000-000000000001", "c", 1, " ", "w", "reference is empty")]
    [InlineData("6a3f0f0e-0000-7000-8000-000000000001", "c", 1, "r", "", "why is empty")]
    public void What_is_wrong_with_it_is_said_by_field(string checkout, string customer, long coins, string reference,
        string why, string said) =>
        Assert.StartsWith(said, Assert.Single(
            CompensationText.Problems(checkout, customer, coins, reference, why).OfType<string>()),
            StringComparison.Ordinal);

    [Fact]
    public void A_file_gives_many_and_each_says_who_gave_the_file()
    {
        const string file = """
            [{"checkoutId": "6A3F0F0E-0000-7000-8000-000000000001", "customerId": "c-1", "coins": 50,
              "reference": "ticket-1", "why": "late"},
             {"checkoutId": "6a3f0f0e-0000-7000-8000-000000000001", "customerId": "c-1", "coins": 1,
              "reference": "ticket-2", "why": "late"}]
            """;
        var works = BalanceOperators.Compensate.Read(file, "ann");
        Assert.Equal([Grant() with { Who = "ann" }, Grant() with { Who = "ann", Coins = 1, Reference = "ticket-2" }],
            works.Select(work => work.Step));
        // The same wherever it comes from, or two ways of giving would be two compensations.
        Assert.Equal(Grant().ToWork().Seed, works[0].Seed);
        Assert.NotEqual(works[0].Seed, works[1].Seed);
    }

    [Fact]
    public void Of_two_entries_of_a_file_for_one_checkout_and_reference_neither_is_believed_unless_they_are_equal()
    {
        const string one = """
            {"checkoutId": "6a3f0f0e-0000-7000-8000-000000000001", "customerId": "c-1", "coins": 50,
             "reference": "ticket-1", "why": "late"}
            """;
        var other = one.Replace("50", "51", StringComparison.Ordinal);
        Assert.Equal(2, BalanceOperators.Compensate.Read($"[{one}, {one}]", "ann").Count);
        Assert.Contains("entry 2: It is the same fact as entry 1", Assert.Throws<FormatException>(() =>
            BalanceOperators.Compensate.Read($"[{one}, {other}]", "ann")).Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(ProblemType type, string said, Action<BalanceRows> given, GrantCompensation grant)
    {
        var refused = Assert.Throws<RequestRefusedException>(() => Told(given, grant));
        Assert.Equal(type, refused.Type);
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<ISpecificRecord> Told(Action<BalanceRows> given, GrantCompensation grant)
    {
        var balance = new InMemory<BalanceRows>(BalanceChoreography.Table, Now).Given(given);
        return balance.RunAlone(grant.ToWork());
    }

    private static GrantCompensation Grant() => new(Checkout, "c-1", 50, "ticket-1", "support", "late");

    private static ISpecificRecord Granted(long coins, long balance) => new CompensationGranted
    {
        CheckoutId = Checkout,
        CustomerId = "c-1",
        GrantedCoins = coins,
        Reference = "ticket-1",
        Who = "support",
        Why = "late",
        BalanceCoins = balance,
    };
}
