using avatarstore;
using avatarstore.balance;
using avatarstore.game;
using avatarstore.inventory;
using avatarstore.store;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.State;
using Checkout.Contracts;

namespace Checkout.Balance;

/// <summary>
/// What Balance does when it hears of something: one row a step. The names are permanent, the ids of the answers follow
/// from them.
/// </summary>
public static class BalanceChoreography
{
    public static readonly Choreography<BalanceRows> Table = new Choreography<BalanceRows>("balance",
        Topics.BalanceAccounts, rows => new(rows))
        .On<CheckoutCreated>(Topics.StoreCheckouts, "deduct-coins", Accounts.Deduct, typeof(BalanceDeducted),
            typeof(DeductionRejected))
        .On<AssignmentRejected>(Topics.InventoryAvatars, "refund-coins", Accounts.Refund, typeof(BalanceRefunded))
        .OnFact<GameRegistered, CreditCoins>(Topics.GameRewards, "credit-game-registered",
            CreditCoins.For, CreditCoins.BusinessKey, Accounts.Credit, typeof(BalanceCredited))
        .OnFact<DailyRewardClaimed, CreditCoins>(Topics.GameRewards, "credit-daily-reward",
            CreditCoins.For, CreditCoins.BusinessKey, Accounts.Credit, typeof(BalanceCredited))
        .OnFact<AchievementCompleted, CreditCoins>(Topics.GameRewards, "credit-achievement",
            CreditCoins.For, CreditCoins.BusinessKey, Accounts.Credit, typeof(BalanceCredited))
        .Take<CreditCoins>("credit", Accounts.Credit, typeof(BalanceCredited))
        .Take<GrantCompensation>("grant-compensation", Compensations.Grant, typeof(CompensationGranted))
        .Tells<BalanceDeducted>(e => e.CustomerId, e => e.CheckoutId, Accounts.Deducted)
        .Tells<DeductionRejected>(e => e.CustomerId, e => e.CheckoutId, Change.Nothing)
        .Tells<BalanceRefunded>(e => e.CustomerId, e => e.CheckoutId, Accounts.Refunded)
        .Tells<BalanceCredited>(e => e.CustomerId, of: null, Accounts.Credited)
        .Tells<CompensationGranted>(e => e.CustomerId, e => e.CheckoutId, Compensations.Granted);
}

/// <summary>The rows of state that Balance decides on. DDL: Migrations/.</summary>
public sealed class BalanceRows(Rows rows)
{
    public Table<string, Account> Accounts { get; } = rows.Locked<string, Account>("accounts", key: "customer_id");

    public Table<Guid, Deduction> Deductions { get; } = rows.Hanging<Guid, Deduction>("deductions", key: "checkout_id");

    public Table<CreditKey, Credit> Credits { get; } = rows.Hanging<CreditKey, Credit>("credits");

    /// <summary>Two at once of one key: the second insert fails, and is tried again.</summary>
    public Table<CompensationKey, Compensation> Compensations
    {
        get;
    } = rows.Hanging<CompensationKey, Compensation>("compensations");
}

/// <summary>An account that was opened by its first coins.</summary>
public sealed record Account(long Coins);

/// <summary>What was taken for a checkout, and whether it was given back.</summary>
public sealed record Deduction(string CustomerId, long Coins, bool Refunded);

public readonly record struct CreditKey(string CustomerId, CreditCause Cause, string Reference);

/// <summary>A fact that gave coins.</summary>
public sealed record Credit(long Coins);

public readonly record struct CompensationKey(Guid CheckoutId, string Reference);

/// <summary>What support gave for a checkout, and to whom.</summary>
public sealed record Compensation(string CustomerId, long Coins);
