using System.Runtime.CompilerServices;
using Checkout.Balance;
using Checkout.Chassis.Choreography;

namespace Checkout.Simulation.Tables;

/// <summary>Balance's tables; compare Migrations/0101_accounts.sql and AccountBatch.</summary>
public sealed class AccountTables(bool constrained = true) : ITables<AccountCommand>
{
    public Table<string, long> Accounts { get; } = new("accounts", coins => !constrained || coins >= 0, "coins_never_below_zero");

    public Table<Guid, Deduction> Deductions { get; } = new("deductions", deduction => deduction.Coins >= 0, "a_deduction_takes");

    public Table<AccountBatch.Credit, long> Credits { get; } = new("a_fact_counts_once", coins => coins > 0, "a_credit_gives");

    public IStateBatch<AccountCommand> NewBatch() => new AccountBatch();

    public ITables<AccountCommand> NewShadow() => new AccountTables(constrained: false);

    public IEnumerable<string> Rows() => [.. Accounts.Texts(), .. Deductions.Texts(), .. Credits.Texts()];

    public void Load(IStateBatch<AccountCommand> batch)
    {
        var states = (AccountBatch)batch;
        foreach (var customer in Customers(states))
            if (Accounts.TryGet(customer, out var coins)) states.Coins[customer] = coins;
        foreach (var checkout in Checkouts(states))
            if (Deductions.TryGet(checkout, out var deduction)) states.Deductions[checkout] = deduction;
        foreach (var fact in Facts(states))
            if (Credits.TryGet(fact, out _)) states.Credits.Add(fact);
    }

    public void Save(IStateBatch<AccountCommand> batch)
    {
        var states = (AccountBatch)batch;
        foreach (var customer in Opened(states)) Accounts.Insert(customer, states.Coins[customer]);
        foreach (var customer in Changed(states).Except(Opened(states))) Accounts.Update(customer, states.Coins[customer]);
        foreach (var (checkout, deduction) in NewDeductions(states)) Deductions.Insert(checkout, deduction);
        foreach (var checkout in Refunds(states)) Deductions.Update(checkout, states.Deductions[checkout]);
        foreach (var (fact, coins) in NewCredits(states)) Credits.Insert(fact, coins);
    }

    // The batch keeps its lists to itself; they are read here so that the simulation has the same rows read and written as SQL would.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_customers")]
    private static extern ref SortedSet<string> Customers(AccountBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_checkouts")]
    private static extern ref HashSet<Guid> Checkouts(AccountBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_facts")]
    private static extern ref HashSet<AccountBatch.Credit> Facts(AccountBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_opened")]
    private static extern ref HashSet<string> Opened(AccountBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_changed")]
    private static extern ref HashSet<string> Changed(AccountBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_newDeductions")]
    private static extern ref Dictionary<Guid, Deduction> NewDeductions(AccountBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_refunds")]
    private static extern ref List<Guid> Refunds(AccountBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_newCredits")]
    private static extern ref List<(AccountBatch.Credit Fact, long Coins)> NewCredits(AccountBatch batch);
}
