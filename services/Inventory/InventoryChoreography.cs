using avatarstore.balance;
using avatarstore.inventory;
using Checkout.Chassis.Choreography;
using Checkout.Contracts;

namespace Checkout.Inventory;

/// <summary>What Inventory does when it hears of something: one row a step. The names are permanent, the ids of the answers follow from them.</summary>
public static class InventoryChoreography
{
    public static readonly Choreography<StockCommand> Table = new Choreography<StockCommand>("inventory", Topics.InventoryAvatars)
        .On<BalanceDeducted>(Topics.BalanceAccounts, "assign-avatar",
            (e, context) => new AssignAvatar(e.CheckoutId, e.CustomerId, e.Sku, e.PriceCoins, e.ExpiresAt, context.Now))
        .Tells<AvatarAssigned>(e => e.CustomerId, e => e.CheckoutId.ToString())
        .Tells<AssignmentRejected>(e => e.CustomerId, e => e.CheckoutId.ToString())
        .Tells<StockAdded>(e => e.Sku);
}
