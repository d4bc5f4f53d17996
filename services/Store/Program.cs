using Checkout.Chassis;
using Checkout.Store;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;
using Checkout.Store.Storefront;

return await new Service<StoreRows>(StoreChoreography.Table)
{
    OperatorCommands =
    {
        PackageOperators.List, PackageOperators.ChangePrice, PackageOperators.TakeOffSale, PackageOperators.PutOnSale,
    },
    Sections = ["Checkouts", "Storefront"],
    Configure = builder => [.. CheckoutApi.Configure(builder), .. StorefrontApi.Configure(builder)],
    Map = app =>
    {
        CheckoutApi.Map(app);
        CheckoutList.Map(app);
        PackageApi.Map(app);
        DemoSignIn.Map(app);
        StorefrontApi.Map(app);
    },
}.RunAsync(args);
