using avatarstore;
using avatarstore.balance;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Fixtures;
using CsCheck;
using Xunit;

namespace Checkout.Balance.Tests;

public sealed class AccountDecisionsTests
{
    private static readonly Guid Checkout = Guid.Parse("6a3f0f0e-0000-7000-8000-000000000001");
    private static readonly DateTime Deadline = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly DeductCoins Deduct = new(Checkout, "c-1", "GORILLA", 500, Deadline, Deadline.AddMinutes(-5));
    private static readonly RefundCoins Refund = new(Checkout, "c-1", "GORILLA", Reason.SOLD_OUT);
    private static readonly CreditCoins Credit = new("c-1", 700, CreditCause.DAILY_REWARD, "2026-01-01");

    private static readonly Account Unknown = new(Coins: null, Deduction: null, CreditKnown: false);
    private static readonly Account Empty = Unknown with { Coins = 0 };
    private static readonly Account Rich = Unknown with { Coins = 800 };
    private static readonly Account Charged = new(Coins: 300, new("c-1", 500, Refunded: false), CreditKnown: false);

    [Fact]
    public void A_checkout_takes_its_price() => Then(Rich, Deduct,
        new BalanceDeducted { CheckoutId = Checkout, CustomerId = "c-1", Sku = "GORILLA", PriceCoins = 500, ExpiresAt = Deadline, BalanceCoins = 300 });

    [Fact]
    public void The_last_coin_may_be_spent() => Then(Rich, Deduct with { PriceCoins = 800 },
        new BalanceDeducted { CheckoutId = Checkout, CustomerId = "c-1", Sku = "GORILLA", PriceCoins = 800, ExpiresAt = Deadline, BalanceCoins = 0 });

    [Fact]
    public void What_is_free_needs_no_coins_but_an_account()
    {
        Then(Empty, Deduct with { PriceCoins = 0 },
            new BalanceDeducted { CheckoutId = Checkout, CustomerId = "c-1", Sku = "GORILLA", PriceCoins = 0, ExpiresAt = Deadline, BalanceCoins = 0 });
        Then(Unknown, Deduct with { PriceCoins = 0 }, Rejected(Reason.UNKNOWN_ACCOUNT, balance: 0, price: 0));
    }

    [Fact]
    public void Too_few_coins_are_a_refusal() => Then(Rich, Deduct with { PriceCoins = 801 }, Rejected(Reason.INSUFFICIENT_FUNDS, balance: 800, price: 801));

    [Fact]
    public void An_account_that_was_never_opened_is_a_refusal() => Then(Unknown, Deduct, Rejected(Reason.UNKNOWN_ACCOUNT, balance: 0));

    [Fact]
    public void The_deadline_itself_is_in_time() =>
        Assert.IsType<BalanceDeducted>(Assert.Single(AccountDecisions.Decide(Rich, Deduct with { Now = Deadline })));

    [Fact]
    public void A_moment_after_the_deadline_is_a_refusal_whatever_the_account_holds()
    {
        foreach (var account in new[] { Unknown, Empty, Rich })
            Then(account, Deduct with { Now = Deadline.AddMicroseconds(1) }, Rejected(Reason.EXPIRED, account.Coins ?? 0));
    }

    [Fact]
    public void A_checkout_is_charged_once() => Then(Charged, Deduct);

    [Fact]
    public void A_price_below_zero_is_a_fault_and_gives_no_coins() =>
        Assert.Throws<ArgumentException>(() => AccountDecisions.Decide(Rich, Deduct with { PriceCoins = -1 }));

    [Fact]
    public void A_refund_gives_back_what_was_taken_and_says_why() => Then(Charged, Refund,
        new BalanceRefunded { CheckoutId = Checkout, CustomerId = "c-1", Sku = "GORILLA", RefundedCoins = 500, Reason = Reason.SOLD_OUT, BalanceCoins = 800 });

    [Fact]
    public void A_refund_is_given_once() => Then(Charged with { Deduction = Charged.Deduction! with { Refunded = true } }, Refund);

    [Fact]
    public void A_refund_of_a_deduction_that_is_not_visible_yet_is_tried_again() =>
        Assert.Throws<NotYetVisibleException>(() => AccountDecisions.Decide(Rich, Refund));

    [Fact]
    public void A_refund_that_no_account_can_hold_is_a_fault() =>
        Assert.Throws<OverflowException>(() => AccountDecisions.Decide(Charged with { Coins = long.MaxValue - 499 }, Refund));

    [Fact]
    public void The_first_credit_opens_the_account() => Then(Unknown, Credit,
        new BalanceCredited { CustomerId = "c-1", CreditedCoins = 700, BalanceCoins = 700, Cause = CreditCause.DAILY_REWARD, Reference = "2026-01-01" });

    [Fact]
    public void A_credit_adds_to_what_is_there() => Then(Rich, Credit,
        new BalanceCredited { CustomerId = "c-1", CreditedCoins = 700, BalanceCoins = 1_500, Cause = CreditCause.DAILY_REWARD, Reference = "2026-01-01" });

    [Fact]
    public void A_fact_that_was_credited_before_changes_nothing() => Then(Rich with { CreditKnown = true }, Credit);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_credit_of_no_coins_is_a_fault(long coins) =>
        Assert.Throws<ArgumentException>(() => AccountDecisions.Decide(Rich, Credit with { Coins = coins }));

    [Fact]
    public void A_credit_that_no_account_can_hold_is_a_fault() =>
        Assert.Throws<OverflowException>(() => AccountDecisions.Decide(Rich, Credit with { Coins = long.MaxValue - 799 }));

    [Fact]
    public void Whatever_the_account_and_the_price_a_deduction_leaves_no_debt() =>
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue]).Sample((coins, price) =>
        {
            var decided = Assert.Single(AccountDecisions.Decide(Unknown with { Coins = coins }, Deduct with { PriceCoins = price }));
            if (decided is BalanceDeducted deducted) Assert.Equal(coins, checked(deducted.BalanceCoins + deducted.PriceCoins));
            else Assert.True(decided is DeductionRejected { Reason: Reason.INSUFFICIENT_FUNDS } && coins < price);
            Assert.True(AccountDecisions.Coins(coins, decided) >= 0);
        }, iter: 1_000);

    [Fact]
    public void Expired_is_said_after_the_deadline_and_only_then() =>
        Gen.Select(Gen.Int[-3, 3], Gen.Long[0, 1_000], Gen.Long[0, 1_000]).Sample((microseconds, coins, price) =>
        {
            var deduct = Deduct with { PriceCoins = price, Now = Deadline.AddMicroseconds(microseconds) };
            var decided = Assert.Single(AccountDecisions.Decide(Unknown with { Coins = coins }, deduct));
            Assert.Equal(microseconds > 0, decided is DeductionRejected { Reason: Reason.EXPIRED });
        }, iter: 1_000);

    private static DeductionRejected Rejected(Reason reason, long balance, long price = 500) =>
        new() { CheckoutId = Checkout, CustomerId = "c-1", Sku = "GORILLA", PriceCoins = price, Reason = reason, BalanceCoins = balance };

    private static void Then(Account given, AccountCommand when, params ISpecificRecord[] wanted) =>
        Assert.Equal(EventText.Of(wanted), EventText.Of(AccountDecisions.Decide(given, when)));
}
