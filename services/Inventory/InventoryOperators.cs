using Checkout.Chassis.Entrance;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Operating;

namespace Checkout.Inventory;

public static class InventoryOperators
{
    private const int MaxSkuLength = 100;

    /// <summary>The file: [{"sku": "...", "quantity": 100, "reference": "..."}].</summary>
    public static readonly OperatorCommand<InventoryRows> AddStock = new("add-stock",
        "Adds pieces of packages; a reference given before for the same sku adds nothing.", text =>
        OperatorFile.Read<StockLine>(text, Problems, line => (line.Sku, line.Reference))
        .Select(line => InventoryChoreography.Table.WorkOf(
            new AddStock(line.Sku, line.Reference, line.Quantity),
            EventIds.OfBusinessKey("add-stock", $"{line.Sku.Length}:{line.Sku}{line.Reference}"))).ToList());

    private static IEnumerable<string?> Problems(StockLine line) =>
    [
        OpaqueId.Problem("sku", line.Sku, MaxSkuLength),
        ExactNumber.Problem("quantity", line.Quantity, least: 1),
        PlainText.Problem("reference", line.Reference),
    ];

    private sealed record StockLine(string Sku, long Quantity, string Reference);
}
