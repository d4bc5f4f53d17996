using Checkout.Chassis;
using Checkout.Store;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;

return await new Service<StoreRows>(StoreChoreography.Table)
{
    OperatorCommands = { PackageOperators.List, PackageOperators.ChangePrice },
    Sections = ["Checkouts"],
    Configure = CheckoutApi.Configure,
    Map = app =>
    {
        CheckoutApi.Map(app);
        PackageApi.Map(app);
        DemoSignIn.Map(app);
    },
}.RunAsync(args);
