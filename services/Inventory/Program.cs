using Checkout.Chassis;
using Checkout.Inventory;

return await new Service<InventoryRows>(InventoryChoreography.Table)
{
    OperatorCommands = { InventoryOperators.AddStock },
    Api = new("Avatar store: inventory", "Who owns what, and what is left. What GET answers HEAD answers too, without "
            + "the body.",
        ("avatars", "What a customer owns."), ("stock", "What can still be had.")),
    Map = InventoryApi.Map,
}.RunAsync(args);
