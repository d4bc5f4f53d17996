namespace Checkout.Contracts;

/// <summary>The topics, one for each owner of facts.</summary>
public static class Topics
{
    public const string StoreCheckouts = "store.checkouts";

    public const string BalanceAccounts = "balance.accounts";

    public const string InventoryAvatars = "inventory.avatars";

    /// <summary>
    /// Inbound: facts of the game. No event store is behind it, so its facts are known by their business keys.
    /// </summary>
    public const string GameRewards = "game.rewards";
}
