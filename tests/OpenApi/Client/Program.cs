using AvatarStore.Balance;
using AvatarStore.Inventory;
using AvatarStore.Store;
using AvatarStore.Store.Checkouts;
using AvatarStore.Store.Models;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;

// Buys a package, and looks at coins and avatars after it: STORE BALANCE INVENTORY CUSTOMER SKU, and the token in the
// variable TOKEN. It prints what happened, a line each.
var (store, balance, inventory, customer, sku) = (args[0], args[1], args[2], args[3], args[4]);
var token = Environment.GetEnvironmentVariable("TOKEN") ?? "";
var shop = new StoreClient(To(store));

var package = (await shop.Packages.GetAsync())!.Single(package => package.Sku == sku);
Console.WriteLine($"offered: {package.Sku}, {package.Rarity}, for {package.PriceCoins}");
try
{
    await BuyAsync(package.PriceCoins - 1);
}
catch (Checkout409Error changed)
{
    Console.WriteLine($"refused: {changed.Type}, {changed.PriceCoins}");
}
var bought = await BuyAsync(package.PriceCoins);
Console.WriteLine($"{bought.State}: {string.Join(", ", bought.Timeline!.Select(step => step.Event))}");
var again = await shop.Checkouts[bought.CheckoutId!.Value].GetAsync();
Console.WriteLine($"seen again: {again!.State}");
Console.WriteLine($"listed: {(await shop.Checkouts.GetAsync(c => c.QueryParameters.Limit = 1))!.Checkouts!.Count}");
Console.WriteLine($"coins: {(await new BalanceClient(To(balance)).Balances[customer].GetAsync())!.Coins}");
var avatars = await new InventoryClient(To(inventory)).Customers[customer].Avatars.GetAsync();
Console.WriteLine($"avatars: {string.Join(", ", avatars!.Select(avatar => avatar.Sku))}");

async Task<Checkout> BuyAsync(long? expected) => (await shop.Checkouts.PostAsync(
    new CheckoutRequest { Sku = package.Sku, ExpectedPriceCoins = expected }, configuration =>
    {
        // No purchase yet has this key: the first of the two is refused, and spends none.
        configuration.Headers.Add("Idempotency-Key", $"the one purchase of {customer}".Replace(' ', '-'));
        configuration.Headers.Add("Prefer", "wait=20");
    }))!;

IRequestAdapter To(string url) =>
    new HttpClientRequestAdapter(new BaseBearerTokenAuthenticationProvider(new Given(token))) { BaseUrl = url };

/// <summary>A token that is there already, for machines of one's own too.</summary>
internal sealed class Given(string token) : IAccessTokenProvider
{
    public AllowedHostsValidator AllowedHostsValidator { get; } = new();

    public Task<string> GetAuthorizationTokenAsync(Uri uri,
        Dictionary<string, object>? additionalAuthenticationContext = null,
        CancellationToken cancellationToken = default) => Task.FromResult(token);
}
