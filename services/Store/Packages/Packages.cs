using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Entrance;

namespace Checkout.Store.Packages;

public sealed record ListPackage(string Sku, string Name, long PriceCoins);

public sealed record ChangePrice(string Sku, long PriceCoins);

/// <summary>What Store decides about what is on sale, and for how much; and what each of its events changes.</summary>
public static class PackageDecisions
{
    public static IReadOnlyList<ISpecificRecord> List(StoreRows rows, ListPackage c) => rows.Packages[c.Sku] switch
    {
        _ when Problem(c.PriceCoins) is { } problem => throw new ArgumentException($"{c.Sku}: {problem}"),
        null => [new PackageListed { Sku = c.Sku, Name = c.Name, PriceCoins = c.PriceCoins }],
        var package when package == new Package(c.Name, c.PriceCoins) => [],
        var package => throw new ArgumentException(
            $"{c.Sku} is listed already, as {package.Name} for {package.PriceCoins} coins; change its price with "
                + "change-price."),
    };

    public static void Listed(StoreRows rows, PackageListed e) => rows.Packages.Add(e.Sku, new(e.Name, e.PriceCoins));

    public static IReadOnlyList<ISpecificRecord> ChangePrice(StoreRows rows, ChangePrice c) =>
        rows.Packages[c.Sku] switch
        {
            _ when Problem(c.PriceCoins) is { } problem => throw new ArgumentException($"{c.Sku}: {problem}"),
            null => throw new ArgumentException($"{c.Sku} is not listed; list it with list-packages."),
            var package when package.PriceCoins == c.PriceCoins => [],
            var package =>
                [new PriceChanged { Sku = c.Sku, PriceCoins = c.PriceCoins, PreviousPriceCoins = package.PriceCoins }],
        };

    public static void PriceChanged(StoreRows rows, PriceChanged e) =>
        rows.Packages.Change(e.Sku, package => package with { PriceCoins = e.PriceCoins });

    private static string? Problem(long priceCoins) => ExactNumber.Problem("priceCoins", priceCoins, least: 0);
}
