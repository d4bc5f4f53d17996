using avatarstore.balance;
using avatarstore.game;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Contracts;

namespace Checkout.Observer.Reading;

/// <summary>The Observer decides on no rows of state.</summary>
public sealed class NoRows;

/// <summary>The events that the Observer reads, all that there are. It answers none of them.</summary>
public static class ObservedEvents
{
    public const string Service = "observer";

    public static readonly Choreography<NoRows> Table = new Choreography<NoRows>(Service, "", _ => new())
        .On<CheckoutCreated>(Topics.StoreCheckouts, "see-created", See)
        .On<CheckoutCompleted>(Topics.StoreCheckouts, "see-completed", See)
        .On<CheckoutFailed>(Topics.StoreCheckouts, "see-failed", See)
        .On<CheckoutRefunded>(Topics.StoreCheckouts, "see-refunded", See)
        .On<PackageListed>(Topics.StoreCheckouts, "see-listed", See)
        .On<PriceChanged>(Topics.StoreCheckouts, "see-price", See)
        .On<RarityGiven>(Topics.StoreCheckouts, "see-rarity", See)
        .On<PackageTakenOffSale>(Topics.StoreCheckouts, "see-off-sale", See)
        .On<PackagePutOnSale>(Topics.StoreCheckouts, "see-on-sale", See)
        .On<BalanceDeducted>(Topics.BalanceAccounts, "see-deducted", See)
        .On<DeductionRejected>(Topics.BalanceAccounts, "see-deduction-rejected", See)
        .On<BalanceRefunded>(Topics.BalanceAccounts, "see-coins-back", See)
        .On<BalanceCredited>(Topics.BalanceAccounts, "see-credited", See)
        .On<CompensationGranted>(Topics.BalanceAccounts, "see-compensation", See)
        .On<AvatarAssigned>(Topics.InventoryAvatars, "see-assigned", See)
        .On<AssignmentRejected>(Topics.InventoryAvatars, "see-assignment-rejected", See)
        .On<StockAdded>(Topics.InventoryAvatars, "see-stock", See)
        .OnFact<GameRegistered, GameRegistered>(Topics.GameRewards, "see-game", e => e, e => e.GameId, See)
        .OnFact<DailyRewardClaimed, DailyRewardClaimed>(Topics.GameRewards, "see-daily", e => e, _ => "", See)
        .OnFact<AchievementCompleted, AchievementCompleted>(Topics.GameRewards, "see-achievement", e => e,
            e => e.AchievementId, See);

    /// <summary>Those with a store behind them.</summary>
    public static readonly IReadOnlyList<string> Chained =
        [Topics.StoreCheckouts, Topics.BalanceAccounts, Topics.InventoryAvatars];

    public static readonly IReadOnlyList<string> All = [.. Chained, Topics.GameRewards];

    private static IReadOnlyList<ISpecificRecord> See<TEvent>(NoRows rows, TEvent e, EventContext context) => [];

    private static IReadOnlyList<ISpecificRecord> See<TEvent>(NoRows rows, TEvent e) => [];
}
