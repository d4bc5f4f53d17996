using Checkout.Chassis;
using Checkout.Inventory;

return await new Service<StockCommand>(InventoryChoreography.Table, _ => () => new StockBatch(), StockBatch.Tables)
{
    OperatorCommands = { InventoryOperators.AddStock },
    Map = InventoryApi.Map,
}.RunAsync(args);
