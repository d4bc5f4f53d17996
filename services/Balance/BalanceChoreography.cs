using System.Globalization;
using avatarstore;
using avatarstore.balance;
using avatarstore.game;
using avatarstore.inventory;
using avatarstore.store;
using Checkout.Chassis.Choreography;
using Checkout.Contracts;

namespace Checkout.Balance;

/// <summary>What Balance does when it hears of something: one row a step. The names are permanent, the ids of the answers follow from them.</summary>
public static class BalanceChoreography
{
    public static readonly Choreography<AccountCommand> Table = new Choreography<AccountCommand>("balance", Topics.BalanceAccounts)
        .On<CheckoutCreated>(Topics.StoreCheckouts, "deduct-coins",
            (e, context) => new DeductCoins(e.CheckoutId, e.CustomerId, e.Sku, e.PriceCoins, e.ExpiresAt, context.Now))
        .On<AssignmentRejected>(Topics.InventoryAvatars, "refund-coins",
            (e, _) => new RefundCoins(e.CheckoutId, e.CustomerId, e.Sku, e.Reason))
        .OnFact<GameRegistered>(Topics.GameRewards, "credit-game-registered", e => Known(e.CustomerId, e.GameId),
            (e, _) => new CreditCoins(e.CustomerId, e.Coins, CreditCause.GAME_REGISTERED, e.GameId))
        .OnFact<DailyRewardClaimed>(Topics.GameRewards, "credit-daily-reward", e => Known(e.CustomerId, Day(e)),
            (e, _) => new CreditCoins(e.CustomerId, e.Coins, CreditCause.DAILY_REWARD, Day(e)))
        .OnFact<AchievementCompleted>(Topics.GameRewards, "credit-achievement", e => Known(e.CustomerId, e.AchievementId),
            (e, _) => new CreditCoins(e.CustomerId, e.Coins, CreditCause.ACHIEVEMENT, e.AchievementId))
        .Tells<BalanceDeducted>(e => e.CustomerId, e => e.CheckoutId.ToString())
        .Tells<DeductionRejected>(e => e.CustomerId, e => e.CheckoutId.ToString())
        .Tells<BalanceRefunded>(e => e.CustomerId, e => e.CheckoutId.ToString())
        .Tells<BalanceCredited>(e => e.CustomerId);

    /// <summary>The length keeps ("a", "bc") and ("ab", "c") apart.</summary>
    public static string Known(string customerId, string reference) => $"{customerId.Length}:{customerId}{reference}";

    private static string Day(DailyRewardClaimed e) => e.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
