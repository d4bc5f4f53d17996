using avatarstore;
using avatarstore.balance;
using avatarstore.game;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Resilience;
using Checkout.Fixtures;
using CsCheck;
using Xunit;

namespace Checkout.Balance.Tests;

public sealed class AccountsTests
{
    private static readonly Guid Checkout = Guid.Parse("6a3f0f0e-0000-7000-8000-000000000001");
    private static readonly DateTime Deadline = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime InTime = Deadline.AddMinutes(-5);

    private static readonly Action<BalanceRows> Unknown = _ => { };
    private static readonly Action<BalanceRows> Empty = Holding(0);
    private static readonly Action<BalanceRows> Rich = Holding(800);
    private static readonly Action<BalanceRows> Charged = Holding(300) + Deduction(refunded: false);
    private static readonly Action<BalanceRows> Refunded = Holding(800) + Deduction(refunded: true);
    private static readonly Action<BalanceRows> Credited =
        Rich + (rows => rows.Credits.Add(new("c-1", CreditCause.DAILY_REWARD, "2026-01-01"), new(700)));

    private static readonly ISpecificRecord Refund =
        new AssignmentRejected { CheckoutId = Checkout, CustomerId = "c-1", Sku = "GORILLA", Reason = Reason.SOLD_OUT };

    [Fact]
    public void A_checkout_takes_its_price() => Then(Rich, Deduct(500), Deducted(500, balance: 300));

    [Fact]
    public void The_last_coin_may_be_spent() => Then(Rich, Deduct(800), Deducted(800, balance: 0));

    [Fact]
    public void What_is_free_needs_no_coins_but_an_account()
    {
        Then(Empty, Deduct(0), Deducted(0, balance: 0));
        Then(Unknown, Deduct(0), Rejected(Reason.UNKNOWN_ACCOUNT, balance: 0, price: 0));
    }

    [Fact]
    public void Too_few_coins_are_a_refusal() =>
        Then(Rich, Deduct(801), Rejected(Reason.INSUFFICIENT_FUNDS, balance: 800, price: 801));

    [Fact]
    public void An_account_that_was_never_opened_is_a_refusal() =>
        Then(Unknown, Deduct(500), Rejected(Reason.UNKNOWN_ACCOUNT, balance: 0, price: 500));

    [Fact]
    public void The_deadline_itself_is_in_time() =>
        Assert.IsType<BalanceDeducted>(Assert.Single(Told(Rich, Deduct(500), now: Deadline)));

    [Fact]
    public void A_moment_after_the_deadline_is_a_refusal_whatever_the_account_holds()
    {
        var late = Deadline.AddMicroseconds(1);
        foreach (var (account, coins) in new[] { (Unknown, 0), (Empty, 0), (Rich, 800) })
            Assert.Equal(
                EventText.Of([Rejected(Reason.EXPIRED, coins, price: 500)]),
                EventText.Of(Told(account, Deduct(500), late)));
    }

    [Fact]
    public void A_checkout_is_charged_once() => Then(Charged, Deduct(500));

    [Fact]
    public void A_price_below_zero_is_a_fault_and_gives_no_coins() =>
        Assert.Throws<ArgumentException>(() => Told(Rich, Deduct(-1)));

    [Fact]
    public void A_refund_gives_back_what_was_taken_and_says_why() => Then(Charged, Refund, new BalanceRefunded
    {
        CheckoutId = Checkout,
        CustomerId = "c-1",
        Sku = "GORILLA",
        RefundedCoins = 500,
        Reason = Reason.SOLD_OUT,
        BalanceCoins = 800,
    });

    [Fact]
    public void A_refund_is_given_once() => Then(Refunded, Refund);

    [Fact]
    public void A_refund_of_a_deduction_that_is_not_visible_yet_is_tried_again() =>
        Assert.Throws<NotYetVisibleException>(() => Told(Rich, Refund));

    [Fact]
    public void A_refund_that_no_account_can_hold_is_a_fault() =>
        Assert.Throws<OverflowException>(() => Told(Holding(long.MaxValue - 499) + Deduction(refunded: false), Refund));

    [Fact]
    public void The_first_credit_opens_the_account() => Then(Unknown, Reward(700), Credit(700, balance: 700));

    [Fact]
    public void A_credit_adds_to_what_is_there() => Then(Rich, Reward(700), Credit(700, balance: 1_500));

    [Fact]
    public void A_fact_that_was_credited_before_changes_nothing() => Then(Credited, Reward(700));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_credit_of_no_coins_is_a_fault(long coins) =>
        Assert.Throws<ArgumentException>(() => Told(Rich, Reward(coins)));

    [Fact]
    public void A_credit_beyond_what_every_client_can_hold_is_a_sentence_and_no_overflow()
    {
        Then(Unknown, Reward(ExactNumber.Max), Credit(ExactNumber.Max, balance: ExactNumber.Max));
        foreach (var (given, coins) in new[] { (Unknown, ExactNumber.Max + 1), (Rich, long.MaxValue) })
            AssertFault("coins is ", given, Reward(coins));
        AssertFault("The balance would be above 9007199254740991", Rich, Reward(ExactNumber.Max - 799));
        AssertFault("The balance would be above 9007199254740991", Holding(long.MaxValue), Reward(1));
    }

    [Fact]
    public void A_refund_is_given_whatever_the_account_holds() =>
        Assert.Equal(ExactNumber.Max + 500, Assert.IsType<BalanceRefunded>(Assert.Single(
            Told(Holding(ExactNumber.Max) + Deduction(refunded: false), Refund))).BalanceCoins);

    [Theory]
    [InlineData("", "customerId is empty")]
    [InlineData("a b", "customerId has U+0020")]
    [InlineData("q/r", "customerId has U+002F")]
    [InlineData("a\u0001", "customerId has U+0001")]
    [InlineData("..", "customerId is ..")]
    public void A_fact_of_the_game_about_nobody_is_a_fault(string customer, string said)
    {
        AssertNoFact(said, () => CreditCoins.For(new DailyRewardClaimed { CustomerId = customer, Coins = 1 }));
        AssertNoFact(said, () => CreditCoins.For(new GameRegistered { CustomerId = customer, GameId = "g" }));
        AssertNoFact(said, () => CreditCoins.For(
            new AchievementCompleted { CustomerId = customer, AchievementId = "a", Coins = 1 }));
    }

    /// <summary>What can't be made a step of is parked.</summary>
    [Fact]
    public void It_is_no_step_and_the_reason_names_the_field() =>
        Assert.StartsWith("credit-daily-reward threw ArgumentException: customerId has U+0020",
            Assert.Throws<InvalidOperationException>(() => Balance(InTime).Heard(
                new DailyRewardClaimed { CustomerId = "a b", Coins = 1 })).Message, StringComparison.Ordinal);

    [Fact]
    public void A_fact_of_the_game_with_thousands_of_characters_is_a_fault()
    {
        var much = new string('a', 5_000);
        AssertNoFact("customerId has 5000 characters", () =>
            CreditCoins.For(new DailyRewardClaimed { CustomerId = much, Coins = 1 }));
        AssertNoFact("gameId has 5000 characters", () =>
            CreditCoins.For(new GameRegistered { CustomerId = "c-1", GameId = much, Coins = 1 }));
        AssertNoFact("achievementId has 5000 characters", () =>
            CreditCoins.For(new AchievementCompleted { CustomerId = "c-1", AchievementId = much, Coins = 1 }));
    }

    [Theory]
    [InlineData("", "Id is empty")]
    [InlineData("a\nb", "Id has U+000A")]
    [InlineData("a\u0000", "Id has U+0000")]
    public void A_fact_of_the_game_without_a_reference_is_a_fault(string reference, string said)
    {
        AssertNoFact(said, () =>
            CreditCoins.For(new GameRegistered { CustomerId = "c-1", GameId = reference, Coins = 1 }));
        AssertNoFact(said, () =>
            CreditCoins.For(new AchievementCompleted { CustomerId = "c-1", AchievementId = reference, Coins = 1 }));
    }

    [Fact]
    public void What_customers_of_before_do_is_handled_whatever_their_ids()
    {
        var odd = "q/r s";
        var balance = Balance(InTime).Given(rows => rows.Accounts.Add(odd, new(800)));
        var asked = Deduct(500);
        asked.CustomerId = odd;
        Assert.IsType<BalanceDeducted>(Assert.Single(balance.RunAlone(balance.Heard(asked))));
    }

    [Fact]
    public void What_the_game_tells_is_credited_by_its_cause_and_reference()
    {
        var game = new GameRegistered { CustomerId = "c-1", GameId = "chess", Coins = 1 };
        var achievement = new AchievementCompleted { CustomerId = "c-1", AchievementId = "first-win", Coins = 1 };
        Then(Unknown, game, Credit(1, balance: 1, CreditCause.GAME_REGISTERED, "chess"));
        Then(Unknown, achievement, Credit(1, balance: 1, CreditCause.ACHIEVEMENT, "first-win"));
    }

    [Fact]
    public void Whatever_the_account_and_the_price_a_deduction_leaves_no_debt() =>
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue]).Sample((coins, price) =>
        {
            var balance = Balance(InTime).Given(Holding(coins));
            var decided = Assert.Single(balance.RunAlone(balance.Heard(Deduct(price))));
            if (decided is BalanceDeducted e) Assert.Equal(coins, checked(e.BalanceCoins + e.PriceCoins));
            else Assert.True(decided is DeductionRejected { Reason: Reason.INSUFFICIENT_FUNDS } && coins < price);
            Assert.True(balance.Memory.All(balance.Rows.Accounts)["c-1"].Coins >= 0);
        }, iter: 1_000);

    [Fact]
    public void Expired_is_said_after_the_deadline_and_only_then() =>
        Gen.Select(Gen.Int[-3, 3], Gen.Long[0, 1_000], Gen.Long[0, 1_000]).Sample((microseconds, coins, price) =>
        {
            var now = Deadline.AddMicroseconds(microseconds);
            var decided = Assert.Single(Told(Holding(coins), Deduct(price), now));
            Assert.Equal(microseconds > 0, decided is DeductionRejected { Reason: Reason.EXPIRED });
        }, iter: 1_000);

    private static Action<BalanceRows> Holding(long coins) => rows => rows.Accounts.Add("c-1", new(coins));

    private static Action<BalanceRows> Deduction(bool refunded) =>
        rows => rows.Deductions.Add(Checkout, new("c-1", 500, refunded));

    private static CheckoutCreated Deduct(long price) =>
        new() { CheckoutId = Checkout, CustomerId = "c-1", Sku = "GORILLA", PriceCoins = price, ExpiresAt = Deadline };

    private static DailyRewardClaimed Reward(long coins) =>
        new() { CustomerId = "c-1", Day = new(2026, 1, 1), Coins = coins };

    private static BalanceDeducted Deducted(long price, long balance) => new()
    {
        CheckoutId = Checkout,
        CustomerId = "c-1",
        Sku = "GORILLA",
        PriceCoins = price,
        ExpiresAt = Deadline,
        BalanceCoins = balance,
    };

    private static DeductionRejected Rejected(Reason reason, long balance, long price) => new()
    {
        CheckoutId = Checkout,
        CustomerId = "c-1",
        Sku = "GORILLA",
        PriceCoins = price,
        Reason = reason,
        BalanceCoins = balance,
    };

    private static BalanceCredited Credit(
        long coins, long balance, CreditCause cause = CreditCause.DAILY_REWARD, string of = "2026-01-01") =>
        new() { CustomerId = "c-1", CreditedCoins = coins, BalanceCoins = balance, Cause = cause, Reference = of };

    private static InMemory<BalanceRows> Balance(DateTime now) => new(BalanceChoreography.Table, now);

    private static IReadOnlyList<ISpecificRecord> Told(
        Action<BalanceRows> given, ISpecificRecord when, DateTime? now = null)
    {
        var balance = Balance(now ?? InTime).Given(given);
        return balance.RunAlone(balance.Heard(when));
    }

    private static void AssertFault(string said, Action<BalanceRows> given, ISpecificRecord when) =>
        Assert.Contains(said, Assert.Throws<ArgumentException>(() => Told(given, when)).Message,
            StringComparison.Ordinal);

    private static void AssertNoFact(string said, Func<CreditCoins> fact) =>
        Assert.Contains(said, Assert.Throws<ArgumentException>(fact).Message, StringComparison.Ordinal);

    private static void Then(Action<BalanceRows> given, ISpecificRecord when, params ISpecificRecord[] wanted) =>
        Assert.Equal(EventText.Of(wanted), EventText.Of(Told(given, when)));
}
