using Checkout.Chassis;
using Checkout.Store;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;

return await new Service<StoreCommand>(StoreChoreography.Table, _ => () => new StoreBatch(), StoreBatch.Tables)
{
    OperatorCommands = { PackageOperators.List, PackageOperators.ChangePrice },
    Configure = CheckoutApi.Configure,
    Map = app =>
    {
        CheckoutApi.Map(app);
        PackageApi.Map(app);
    },
}.RunAsync(args);
