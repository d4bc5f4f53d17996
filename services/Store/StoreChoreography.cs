using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Checkout.Chassis.Choreography;
using Checkout.Contracts;
using Checkout.Store.Checkouts;

namespace Checkout.Store;

public abstract record StoreCommand;

/// <summary>What Store does when it hears of something: one row a step. The names are permanent, the ids of the answers follow from them.</summary>
public static class StoreChoreography
{
    public static readonly Choreography<StoreCommand> Table = new Choreography<StoreCommand>("store", Topics.StoreCheckouts)
        .On<BalanceDeducted>(Topics.BalanceAccounts, "show-funded", (e, context) => new ShowFunded(e.CheckoutId, context))
        .On<DeductionRejected>(Topics.BalanceAccounts, "fail-unfunded", (e, context) => new FailUnfunded(e.CheckoutId, e.Reason, context))
        .On<AvatarAssigned>(Topics.InventoryAvatars, "complete", (e, context) => new Complete(e.CheckoutId, context))
        .On<AssignmentRejected>(Topics.InventoryAvatars, "fail-unassigned", (e, context) => new FailUnassigned(e.CheckoutId, e.Reason, context))
        .On<BalanceRefunded>(Topics.BalanceAccounts, "refund", (e, context) => new Refund(e.CheckoutId, e.Reason, e.RefundedCoins, context))
        .Tells<CheckoutCreated>(e => e.CustomerId, e => e.CheckoutId.ToString())
        .Tells<CheckoutCompleted>(e => e.CustomerId, e => e.CheckoutId.ToString())
        .Tells<CheckoutFailed>(e => e.CustomerId, e => e.CheckoutId.ToString())
        .Tells<CheckoutRefunded>(e => e.CustomerId, e => e.CheckoutId.ToString())
        .Tells<PackageListed>(e => e.Sku)
        .Tells<PriceChanged>(e => e.Sku);
}
