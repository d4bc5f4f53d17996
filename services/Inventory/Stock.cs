using avatarstore;
using avatarstore.balance;
using avatarstore.inventory;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Entrance;

namespace Checkout.Inventory;

/// <summary>Pieces that come in. The same reference for the same sku again are the same pieces.</summary>
public sealed record AddStock(string Sku, string Reference, long Quantity);

/// <summary>
/// What Inventory decides: who gets one of what there is; and what each of its events changes, as a difference.
/// </summary>
public static class Stock
{
    public static IReadOnlyList<ISpecificRecord> Assign(InventoryRows rows, BalanceDeducted e, EventContext context) =>
        rows.Stock[e.Sku] switch
        {
            _ when context.IsPast(e.ExpiresAt) => [Rejected(e, Reason.EXPIRED)],
            _ when rows.Ownership[new(e.CustomerId, e.Sku)] is not null => [Rejected(e, Reason.ALREADY_OWNED)],
            null => [Rejected(e, Reason.UNKNOWN_PACKAGE)],
            { Available: 0 } => [Rejected(e, Reason.SOLD_OUT)],
            var stock =>
            [
                new AvatarAssigned
            {
                CheckoutId = e.CheckoutId, CustomerId = e.CustomerId, Sku = e.Sku, PriceCoins = e.PriceCoins,
                    RemainingStock = stock.Available - 1,
            },
        ],
        };

    /// <summary>
    /// Customers are on other partitions than deliveries, so a rebuild may take a piece before it adds it.
    /// </summary>
    public static void Assigned(InventoryRows rows, AvatarAssigned e)
    {
        rows.Stock.Put(e.Sku, stock => new((stock?.Available ?? 0) - 1));
        rows.Ownership.Add(new(e.CustomerId, e.Sku), new(e.CheckoutId));
    }

    public static IReadOnlyList<ISpecificRecord> Add(InventoryRows rows, AddStock delivery) => delivery switch
    {
        _ when rows.Deliveries[new(delivery.Sku, delivery.Reference)] is not null => [],
        _ when ExactNumber.Problem("quantity", delivery.Quantity, least: 1) is { } problem =>
            throw new ArgumentException($"{delivery.Sku}: {problem}"),
        _ =>
        [
            new StockAdded
            {
                Sku = delivery.Sku, Quantity = delivery.Quantity, Reference = delivery.Reference,
                Stock = ExactNumber.Sum($"The stock of {delivery.Sku}", rows.Stock[delivery.Sku]?.Available ?? 0,
                    delivery.Quantity),
            },
        ],
    };

    public static void Added(InventoryRows rows, StockAdded e)
    {
        rows.Stock.Put(e.Sku, stock => new((stock?.Available ?? 0) + e.Quantity));
        rows.Deliveries.Add(new(e.Sku, e.Reference), new(e.Quantity));
    }

    private static AssignmentRejected Rejected(BalanceDeducted e, Reason reason) => new()
    {
        CheckoutId = e.CheckoutId,
        CustomerId = e.CustomerId,
        Sku = e.Sku,
        PriceCoins = e.PriceCoins,
        Reason = reason,
    };
}
