using avatarstore.balance;
using avatarstore.inventory;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.State;
using Checkout.Contracts;

namespace Checkout.Inventory;

/// <summary>
/// What Inventory does when it hears of something: one row a step. The names are permanent, the ids of the answers
/// follow from them.
/// </summary>
public static class InventoryChoreography
{
    public static readonly Choreography<InventoryRows> Table = new Choreography<InventoryRows>("inventory",
        Topics.InventoryAvatars, rows => new(rows))
        .On<BalanceDeducted>(Topics.BalanceAccounts, "assign-avatar", Stock.Assign, typeof(AvatarAssigned),
            typeof(AssignmentRejected))
        .Take<AddStock>("add-stock", Stock.Add, typeof(StockAdded))
        .Tells<AvatarAssigned>(e => e.CustomerId, e => e.CheckoutId, Stock.Assigned)
        .Tells<AssignmentRejected>(e => e.CustomerId, e => e.CheckoutId, Change.Nothing)
        .Tells<StockAdded>(e => e.Sku, of: null, Stock.Added);
}

/// <summary>The rows of state that Inventory decides on. DDL: Migrations/0101_stock.sql.</summary>
public sealed class InventoryRows(Rows rows)
{
    public Table<string, StockOf> Stock { get; } = rows.Locked<string, StockOf>("stock", key: "sku");

    public Table<OwnershipKey, Ownership> Ownership { get; } = rows.Hanging<OwnershipKey, Ownership>("ownership");

    public Table<DeliveryKey, Delivery> Deliveries { get; } = rows.Hanging<DeliveryKey, Delivery>("deliveries");
}

/// <summary>The pieces of a package that are left.</summary>
public sealed record StockOf(long Available);

public readonly record struct OwnershipKey(string CustomerId, string Sku);

/// <summary>An avatar that a customer has, and the checkout by which.</summary>
public sealed record Ownership(Guid CheckoutId);

public readonly record struct DeliveryKey(string Sku, string Reference);

/// <summary>A delivery that added pieces.</summary>
public sealed record Delivery(long Quantity);
