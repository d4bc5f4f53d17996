using Checkout.Chassis;
using Checkout.Inventory;

return await new Service<InventoryRows>(InventoryChoreography.Table)
{
    OperatorCommands = { InventoryOperators.AddStock },
    Map = InventoryApi.Map,
}.RunAsync(args);
