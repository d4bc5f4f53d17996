using System.Globalization;
using avatarstore;
using avatarstore.balance;
using avatarstore.game;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Resilience;

namespace Checkout.Balance;

/// <summary>Coins that come in. The same cause and reference again are the same coins.</summary>
public sealed record CreditCoins(string CustomerId, CreditCause Cause, string Reference, long Coins)
{
    public static CreditCoins For(GameRegistered e) =>
        new(CheckedId(e.CustomerId), CreditCause.GAME_REGISTERED, CheckedReference("gameId", e.GameId), e.Coins);

    public static CreditCoins For(DailyRewardClaimed e) =>
        new(CheckedId(e.CustomerId), CreditCause.DAILY_REWARD,
            e.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), e.Coins);

    public static CreditCoins For(AchievementCompleted e) =>
        new(CheckedId(e.CustomerId), CreditCause.ACHIEVEMENT,
            CheckedReference("achievementId", e.AchievementId), e.Coins);

    /// <summary>
    /// Together with its cause it says which coins these are. The length keeps ("a", "bc") and ("ab", "c") apart.
    /// </summary>
    public static string BusinessKey(CreditCoins credit) =>
        $"{credit.CustomerId.Length}:{credit.CustomerId}{credit.Reference}";

    /// <summary>What the game tells is checked where it comes in: later events follow what was taken.</summary>
    private static string CheckedId(string customerId) =>
        OpaqueId.Problem("customerId", customerId) is { } problem ? throw new ArgumentException(problem) : customerId;

    private static string CheckedReference(string field, string reference) =>
        PlainText.Problem(field, reference) is { } problem ? throw new ArgumentException(problem) : reference;
}

/// <summary>
/// What Balance decides: what an account's owner may spend, and what comes back; and what each of its events changes,
/// as a difference.
/// </summary>
public static class Accounts
{
    public static IReadOnlyList<ISpecificRecord> Deduct(BalanceRows rows, CheckoutCreated e, EventContext context) =>
        rows.Accounts[e.CustomerId] switch
        {
            _ when rows.Deductions[e.CheckoutId] is not null => [],
            var account when context.IsPast(e.ExpiresAt) => [Rejected(e, Reason.EXPIRED, account)],
            null => [Rejected(e, Reason.UNKNOWN_ACCOUNT, null)],
            var account when account.Coins < e.PriceCoins => [Rejected(e, Reason.INSUFFICIENT_FUNDS, account)],
            _ when e.PriceCoins < 0 =>
                throw new ArgumentException($"A price of {e.PriceCoins} coins would give coins away."),
            var account =>
            [
                new BalanceDeducted
            {
                CheckoutId = e.CheckoutId, CustomerId = e.CustomerId, Sku = e.Sku, PriceCoins = e.PriceCoins,
                    ExpiresAt = e.ExpiresAt,
                BalanceCoins = account.Coins - e.PriceCoins,
            },
        ],
        };

    public static void Deducted(BalanceRows rows, BalanceDeducted e)
    {
        rows.Accounts.Put(e.CustomerId, account => new((account?.Coins ?? 0) - e.PriceCoins));
        rows.Deductions.Add(e.CheckoutId, new(e.CustomerId, e.PriceCoins, Refunded: false));
    }

    public static IReadOnlyList<ISpecificRecord> Refund(BalanceRows rows, AssignmentRejected e, EventContext context) =>
        rows.Deductions[e.CheckoutId] switch
        {
            null => throw new NotYetVisibleException($"The deduction for checkout {e.CheckoutId}"),
            { Refunded: true } => [],
            var deduction =>
            [
                new BalanceRefunded
            {
                CheckoutId = e.CheckoutId, CustomerId = e.CustomerId, Sku = e.Sku, RefundedCoins = deduction.Coins,
                    Reason = e.Reason,
                BalanceCoins = checked((rows.Accounts[e.CustomerId]?.Coins ?? 0) + deduction.Coins),
            },
        ],
        };

    public static void Refunded(BalanceRows rows, BalanceRefunded e)
    {
        rows.Accounts.Put(e.CustomerId, account => new((account?.Coins ?? 0) + e.RefundedCoins));
        rows.Deductions.Change(e.CheckoutId, deduction => deduction with { Refunded = true });
    }

    public static IReadOnlyList<ISpecificRecord> Credit(BalanceRows rows, CreditCoins fact) => fact switch
    {
        _ when rows.Credits[new(fact.CustomerId, fact.Cause, fact.Reference)] is not null => [],
        _ when ExactNumber.Problem("coins", fact.Coins, least: 1) is { } problem =>
            throw new ArgumentException(problem),
        _ =>
        [
            new BalanceCredited
            {
                CustomerId = fact.CustomerId, CreditedCoins = fact.Coins, Cause = fact.Cause,
                    Reference = fact.Reference,
                BalanceCoins = ExactNumber.Sum("The balance", rows.Accounts[fact.CustomerId]?.Coins ?? 0, fact.Coins),
            },
        ],
    };

    public static void Credited(BalanceRows rows, BalanceCredited e)
    {
        rows.Accounts.Put(e.CustomerId, account => new((account?.Coins ?? 0) + e.CreditedCoins));
        rows.Credits.Add(new(e.CustomerId, e.Cause, e.Reference), new(e.CreditedCoins));
    }

    private static DeductionRejected Rejected(CheckoutCreated e, Reason reason, Account? account) => new()
    {
        CheckoutId = e.CheckoutId,
        CustomerId = e.CustomerId,
        Sku = e.Sku,
        PriceCoins = e.PriceCoins,
        Reason = reason,
        BalanceCoins = account?.Coins ?? 0,
    };
}
