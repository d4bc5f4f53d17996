using Checkout.Chassis.EventStore;
using Checkout.Chassis.Operating;

namespace Checkout.Inventory;

public static class InventoryOperators
{
    /// <summary>The file: [{"sku": "...", "quantity": 100, "reference": "..."}].</summary>
    public static readonly OperatorCommand<InventoryRows> AddStock = new("add-stock",
        "Adds pieces of packages; a reference given before for the same sku adds nothing.", text =>
        OperatorFile.Read<StockLine>(text).Select(line => InventoryChoreography.Table.WorkOf(
            new AddStock(line.Sku, line.Reference, line.Quantity),
            EventIds.OfBusinessKey("add-stock", $"{line.Sku.Length}:{line.Sku}{line.Reference}"))).ToList());

    private sealed record StockLine(string Sku, long Quantity, string Reference);
}
