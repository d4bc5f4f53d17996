using avatarstore;
using avatarstore.balance;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Fixtures;
using CsCheck;
using Xunit;

namespace Checkout.Balance.Tests;

/// <summary>Any commands in any order on accounts in memory; what a database adds is tested with one.</summary>
public sealed class AccountBatchTests
{
    private const int Customers = 3;
    private const int Runs = 1_000;
    private static readonly DateTime Deadline = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    // Near the largest number an account can hold as well as small ones, so that sums overflow.
    private static readonly Gen<long> Coins = Gen.OneOf(Gen.Long[0, 3], Gen.Long[0, 1_000], Gen.OneOf(long.MaxValue, long.MaxValue / 2, -1L));

    // A checkout is always the same customer's.
    private static readonly Gen<int> CheckoutNumber = Gen.Int[0, 7];

    private static readonly Gen<AccountCommand> Command = Gen.OneOf(
        Gen.Select(CheckoutNumber, Coins, Gen.Int[-2, 1]).Select(AccountCommand (number, price, late) =>
            new DeductCoins(Id(number), Customer(number), "GORILLA", price, Deadline, Deadline.AddMinutes(late))),
        CheckoutNumber.Select(AccountCommand (number) => new RefundCoins(Id(number), Customer(number), "GORILLA", Reason.SOLD_OUT)),
        Gen.Select(Gen.Int[0, Customers - 1], Coins, Gen.OneOf(CreditCause.OPERATOR, CreditCause.ACHIEVEMENT), Gen.Int[0, 2])
            .Select(AccountCommand (number, coins, cause, reference) => new CreditCoins(Customer(number), coins, cause, $"{reference}")));

    private static readonly Gen<AccountCommand[]> Commands = Command.Array[0, 40];

    [Fact]
    public void Coins_are_conserved_and_never_below_zero_whatever_the_commands() => Commands.Sample(commands =>
    {
        var states = new AccountBatch();
        var credited = 0m;
        foreach (var command in commands)
        {
            credited += Run(states, command).OfType<BalanceCredited>().Sum(e => (decimal)e.CreditedCoins);
            Assert.All(states.Coins.Values, coins => Assert.True(coins >= 0));
            Assert.Equal(credited, states.Coins.Values.Sum(c => (decimal)c) + states.Deductions.Values.Where(d => !d.Refunded).Sum(d => (decimal)d.Coins));
        }
    }, iter: Runs);

    [Fact]
    public void The_balance_on_an_event_is_the_account_after_it() => Commands.Sample(commands =>
    {
        var states = new AccountBatch();
        foreach (var command in commands)
            foreach (var e in Run(states, command))
                Assert.Equal(states.Coins.GetValueOrDefault(command.CustomerId), e.Get(((Avro.RecordSchema)e.Schema)["balanceCoins"].Pos));
    }, iter: Runs);

    [Fact]
    public void A_credit_with_the_same_cause_and_reference_counts_once() => Commands.Sample(commands =>
    {
        var states = new AccountBatch();
        var credits = commands.SelectMany(command => Run(states, command)).OfType<BalanceCredited>().ToList();
        Assert.Equal(credits.Count, credits.DistinctBy(e => (e.CustomerId, e.Cause, e.Reference)).Count());
    }, iter: Runs);

    [Fact]
    public void A_checkout_is_charged_once_and_refunded_once_with_exactly_what_was_taken() => Commands.Sample(commands =>
    {
        var states = new AccountBatch();
        var events = commands.SelectMany(command => Run(states, command)).ToList();
        var deducted = events.OfType<BalanceDeducted>().ToDictionary(e => e.CheckoutId, e => e.PriceCoins);
        var refunded = events.OfType<BalanceRefunded>().ToDictionary(e => e.CheckoutId, e => e.RefundedCoins);
        Assert.All(refunded, refund => Assert.Equal(deducted[refund.Key], refund.Value));
    }, iter: Runs);

    [Fact]
    public void However_commands_are_cut_into_batches_the_events_are_the_same() => Gen.Select(Commands, Gen.Int[1, 10]).Sample((commands, size) =>
    {
        var whole = new AccountBatch();
        var wanted = commands.SelectMany(command => Run(whole, command)).ToList();
        var states = new AccountBatch();
        var cut = new List<ISpecificRecord>();
        foreach (var batch in commands.Chunk(size))
        {
            states = Loaded(states);
            foreach (var command in batch) cut.AddRange(Run(states, command));
        }
        Assert.Equal(EventText.Of(wanted), EventText.Of(cut));
    }, iter: Runs);

    [Fact]
    public void The_events_alone_lead_to_the_same_accounts() => Commands.Sample(commands =>
    {
        var live = new AccountBatch();
        var rebuilt = new AccountBatch();
        foreach (var e in commands.SelectMany(command => Run(live, command)).ToList()) rebuilt.Evolve(e);
        Assert.Equal(live.Coins.OrderBy(c => c.Key), rebuilt.Coins.OrderBy(c => c.Key));
        Assert.Equal(live.Deductions.OrderBy(d => d.Key), rebuilt.Deductions.OrderBy(d => d.Key));
        Assert.True(live.Credits.SetEquals(rebuilt.Credits));
    }, iter: Runs);

    /// <summary>As Decisions does it: a command that faults, or can't be decided yet, has no effect.</summary>
    private static IReadOnlyList<ISpecificRecord> Run(AccountBatch states, AccountCommand command)
    {
        try
        {
            var decided = states.Decide(command);
            foreach (var e in decided) states.Evolve(e);
            return decided;
        }
        catch (Exception fault) when (fault is ArgumentException or OverflowException or NotYetVisibleException)
        {
            return [];
        }
    }

    private static AccountBatch Loaded(AccountBatch before)
    {
        var states = new AccountBatch();
        foreach (var (customer, coins) in before.Coins) states.Coins[customer] = coins;
        foreach (var (checkout, deduction) in before.Deductions) states.Deductions[checkout] = deduction;
        states.Credits.UnionWith(before.Credits);
        return states;
    }

    private static string Customer(int number) => $"c-{number % Customers}";

    private static Guid Id(int number) => new(number, 0, 0, [8, 0, 0, 0, 0, 0, 0, 0]);
}
