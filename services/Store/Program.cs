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
    Api = new("Avatar store", "Buys avatars for coins. Coins and avatars themselves are asked for at Balance and "
            + "Inventory, with the same token. What GET answers HEAD answers too, without the body.",
        ("checkouts", "Purchases: posting one, and what became of it."), ("packages", "What is on sale.")),
    Map = app =>
    {
        CheckoutApi.Map(app);
        CheckoutList.Map(app);
        PackageApi.Map(app);
        DemoSignIn.Map(app);
        StorefrontApi.Map(app);
    },
}.RunAsync(args);
