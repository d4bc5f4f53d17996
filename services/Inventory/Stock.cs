using avatarstore;
using avatarstore.inventory;
using Avro.Specific;

namespace Checkout.Inventory;

public abstract record StockCommand(string Sku);

/// <param name="Now">When the command is judged against ExpiresAt, UTC.</param>
public sealed record AssignAvatar(Guid CheckoutId, string CustomerId, string Sku, long PriceCoins, DateTime ExpiresAt, DateTime Now) : StockCommand(Sku);

/// <summary>Pieces that come in. The same reference for the same sku again are the same pieces.</summary>
public sealed record AddStock(string Sku, long Quantity, string Reference) : StockCommand(Sku);

/// <summary>The state that a command is decided on.</summary>
/// <param name="Available">Pieces of the sku; null where Inventory never had any.</param>
/// <param name="Owned">The customer has this avatar.</param>
/// <param name="DeliveryKnown">The delivery's reference was seen before.</param>
public sealed record Stock(long? Available, bool Owned, bool DeliveryKnown);

/// <summary>The decisions of Inventory: who gets one of what there is.</summary>
public static class StockDecisions
{
    public static IReadOnlyList<ISpecificRecord> Decide(Stock stock, StockCommand command) => command switch
    {
        AssignAvatar c when c.Now > c.ExpiresAt => [Rejected(c, Reason.EXPIRED)],
        AssignAvatar c when stock.Owned => [Rejected(c, Reason.ALREADY_OWNED)],
        AssignAvatar c when stock.Available is null => [Rejected(c, Reason.UNKNOWN_PACKAGE)],
        AssignAvatar c when stock.Available == 0 => [Rejected(c, Reason.SOLD_OUT)],
        AssignAvatar c =>
        [
            new AvatarAssigned
            {
                CheckoutId = c.CheckoutId, CustomerId = c.CustomerId, Sku = c.Sku, PriceCoins = c.PriceCoins, RemainingStock = stock.Available!.Value - 1,
            },
        ],

        AddStock when stock.DeliveryKnown => [],
        AddStock { Quantity: <= 0 } c => throw new ArgumentException($"A delivery of {c.Quantity} pieces is none."),
        AddStock c => [new StockAdded { Sku = c.Sku, Quantity = c.Quantity, Stock = checked((stock.Available ?? 0) + c.Quantity), Reference = c.Reference }],
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "Inventory has no decision for it."),
    };

    /// <summary>The pieces after an event, as a difference: customers are on other partitions than deliveries, and are replayed beside them.</summary>
    public static long Available(long? before, ISpecificRecord happened) => happened switch
    {
        AvatarAssigned => (before ?? 0) - 1,
        StockAdded e => (before ?? 0) + e.Quantity,
        _ => before ?? 0,
    };

    private static AssignmentRejected Rejected(AssignAvatar c, Reason reason) => new()
    {
        CheckoutId = c.CheckoutId,
        CustomerId = c.CustomerId,
        Sku = c.Sku,
        PriceCoins = c.PriceCoins,
        Reason = reason,
    };
}
