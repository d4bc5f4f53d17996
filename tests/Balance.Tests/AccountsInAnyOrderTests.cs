using avatarstore;
using avatarstore.balance;
using avatarstore.game;
using avatarstore.inventory;
using avatarstore.store;
using Avro;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Fixtures;
using CsCheck;
using Xunit;

namespace Checkout.Balance.Tests;

/// <summary>Any steps in any order on accounts in memory; what a database adds is tested with one.</summary>
public sealed class AccountsInAnyOrderTests
{
    private const int Customers = 3;
    private const int Runs = 1_000;
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    // Near the largest number an account can hold as well as small ones, so that sums overflow.
    private static readonly Gen<long> Coins =
        Gen.OneOf(Gen.Long[0, 3], Gen.Long[0, 1_000], Gen.OneOf(long.MaxValue, long.MaxValue / 2, -1L));

    // A checkout is always the same customer's.
    private static readonly Gen<int> CheckoutNumber = Gen.Int[0, 7];

    private static readonly Gen<int> CustomerNumber = Gen.Int[0, Customers - 1];
    private static readonly Gen<string> Reference = Gen.Int[0, 2].Select(number => $"{number}");

    private static readonly Gen<Work<BalanceRows>> Step = Gen.OneOf(
        Gen.Select(CheckoutNumber, Coins, Gen.Int[-2, 1], (number, price, late) => Balance().Heard(new CheckoutCreated
        {
            CheckoutId = Id(number),
            CustomerId = Customer(number),
            Sku = "GORILLA",
            PriceCoins = price,
            ExpiresAt = Now.AddMinutes(-late),
        })),
        CheckoutNumber.Select(number => Balance().Heard(new AssignmentRejected
        {
            CheckoutId = Id(number),
            CustomerId = Customer(number),
            Sku = "GORILLA",
            Reason = Reason.SOLD_OUT,
        })),
        Gen.Select(CustomerNumber, Coins, Reference, (number, coins, id) => Balance().Heard(new AchievementCompleted
        {
            CustomerId = Customer(number),
            Coins = coins,
            AchievementId = id,
        })),
        Gen.Select(CheckoutNumber, CustomerNumber, Coins.Where(coins => coins > 0), Reference, Gen.Int[0, 3],
            (number, customer, coins, reference, stray) => new GrantCompensation(Id(number),
                Customer(stray == 0 ? customer : number), coins, reference, "support", "late").ToWork()),
        Gen.Select(CustomerNumber, Coins, Reference, (number, coins, reference) => BalanceChoreography.Table.WorkOf(
            new CreditCoins(Customer(number), CreditCause.OPERATOR, reference, coins), Guid.Empty)));

    private static readonly Gen<Work<BalanceRows>[]> Steps = Step.Array[0, 40];

    [Fact]
    public void Coins_are_conserved_and_never_below_zero_whatever_the_steps() => Always(steps =>
    {
        var balance = Balance();
        var credited = 0m;
        foreach (var step in steps)
        {
            foreach (var e in balance.Handle(step))
                credited += e is BalanceCredited credit ? credit.CreditedCoins
                    : e is CompensationGranted grant ? grant.GrantedCoins : 0m;
            var accounts = balance.Memory.All(balance.Rows.Accounts).Values;
            var taken = balance.Memory.All(balance.Rows.Deductions).Values.Where(d => !d.Refunded);
            Assert.All(accounts, account => Assert.True(account.Coins >= 0));
            Assert.Equal(credited, accounts.Sum(a => (decimal)a.Coins) + taken.Sum(d => (decimal)d.Coins));
        }
    });

    [Fact]
    public void The_balance_on_an_event_is_the_account_after_it() => Always(steps =>
    {
        var balance = Balance();
        foreach (var e in steps.SelectMany(step => balance.Handle(step)))
        {
            var account = balance.Memory.All(balance.Rows.Accounts).GetValueOrDefault((string)Field(e, "customerId"));
            Assert.Equal(account?.Coins ?? 0, Field(e, "balanceCoins"));
        }
    });

    [Fact]
    public void A_credit_with_the_same_cause_and_reference_counts_once() => Always(steps =>
    {
        var balance = Balance();
        var credits = steps.SelectMany(step => balance.Handle(step)).OfType<BalanceCredited>().ToList();
        Assert.Equal(credits.Count, credits.DistinctBy(e => (e.CustomerId, e.Cause, e.Reference)).Count());
    });

    [Fact]
    public void A_compensation_of_the_same_checkout_and_reference_is_given_once() => Always(steps =>
    {
        var balance = Balance();
        var given = steps.SelectMany(step => balance.Handle(step)).OfType<CompensationGranted>().ToList();
        Assert.Equal(given.Count, given.DistinctBy(e => (e.CheckoutId, e.Reference)).Count());
    });

    [Fact]
    public void A_checkout_is_charged_once_and_refunded_once_with_exactly_what_was_taken() => Always(steps =>
    {
        var balance = Balance();
        var events = steps.SelectMany(step => balance.Handle(step)).ToList();
        var deducted = events.OfType<BalanceDeducted>().ToDictionary(e => e.CheckoutId, e => e.PriceCoins);
        var refunded = events.OfType<BalanceRefunded>().ToDictionary(e => e.CheckoutId, e => e.RefundedCoins);
        Assert.All(refunded, refund => Assert.Equal(deducted[refund.Key], refund.Value));
    });

    [Fact]
    public void However_steps_are_cut_into_batches_the_events_and_the_rows_are_the_same() =>
        Gen.Select(Steps, Gen.Int[2, 10]).Sample((steps, size) =>
        {
            var (whole, cut) = (Balance(), Balance());
            var wanted = steps.SelectMany(step => whole.Handle(step)).ToList();
            Assert.Equal(EventText.Of(wanted), EventText.Of(steps.Chunk(size).SelectMany(batch => cut.Handle(batch))));
            SameRows(whole, cut);
        }, iter: Runs, print: t => InMemory<BalanceRows>.Text(t.Item1));

    [Fact]
    public void The_events_alone_lead_to_the_same_rows() => Gen.Select(Steps, Gen.Int[1, 10]).Sample((steps, size) =>
    {
        var (live, rebuilt) = (Balance(), Balance());
        foreach (var page in live.Handle(steps).Chunk(size)) rebuilt.Apply(page);
        SameRows(live, rebuilt);
    }, iter: Runs, print: t => InMemory<BalanceRows>.Text(t.Item1));

    private static void Always(Action<Work<BalanceRows>[]> holds) =>
        Steps.Sample(holds, iter: Runs, print: InMemory<BalanceRows>.Text);

    private static void SameRows(InMemory<BalanceRows> wanted, InMemory<BalanceRows> actual)
    {
        Assert.Equal(wanted.Memory.All(wanted.Rows.Accounts), actual.Memory.All(actual.Rows.Accounts));
        Assert.Equal(wanted.Memory.All(wanted.Rows.Deductions), actual.Memory.All(actual.Rows.Deductions));
        Assert.Equal(wanted.Memory.All(wanted.Rows.Credits), actual.Memory.All(actual.Rows.Credits));
        Assert.Equal(wanted.Memory.All(wanted.Rows.Compensations), actual.Memory.All(actual.Rows.Compensations));
    }

    private static InMemory<BalanceRows> Balance() => new(BalanceChoreography.Table, Now);

    private static object Field(ISpecificRecord e, string name) => e.Get(((RecordSchema)e.Schema)[name].Pos);

    private static string Customer(int number) => $"c-{number % Customers}";

    private static Guid Id(int number) => new(number, 0, 0, [8, 0, 0, 0, 0, 0, 0, 0]);
}
