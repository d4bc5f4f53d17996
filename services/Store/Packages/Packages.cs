using avatarstore;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Entrance;

namespace Checkout.Store.Packages;

public sealed record ListPackage(string Sku, string Name, long PriceCoins, Rarity Rarity = Rarity.UNKNOWN);

public sealed record ChangePrice(string Sku, long PriceCoins);

public sealed record TakeOffSale(string Sku);

public sealed record PutOnSale(string Sku);

/// <summary>What Store decides about what is on sale, and for how much; and what each of its events changes.</summary>
public static class PackageDecisions
{
    /// <summary>
    /// A rarity that nobody said before is added to what is listed, so that a file which was given before may say it.
    /// Whether it is on sale is no concern of this: what was taken off sale stays so.
    /// </summary>
    public static IReadOnlyList<ISpecificRecord> List(StoreRows rows, ListPackage c) => rows.Packages[c.Sku] switch
    {
        _ when Problem(c.PriceCoins) is { } problem => throw new ArgumentException($"{c.Sku}: {problem}"),
        null => [new PackageListed { Sku = c.Sku, Name = c.Name, PriceCoins = c.PriceCoins, Rarity = c.Rarity }],
        var package when (package.Name, package.PriceCoins) != (c.Name, c.PriceCoins) => throw new ArgumentException(
            $"{c.Sku} is listed already, as {package.Name} for {package.PriceCoins} coins; change its price with "
                + "change-price."),
        var package when c.Rarity == Rarity.UNKNOWN || c.Rarity == package.Rarity => [],
        { Rarity: Rarity.UNKNOWN } => [new RarityGiven { Sku = c.Sku, Rarity = c.Rarity }],
        var package => throw new ArgumentException(
            $"{c.Sku} is listed already, as {Rarities.Name(package.Rarity.ToString())}; a rarity that was said stays."),
    };

    public static void Listed(StoreRows rows, PackageListed e) =>
        rows.Packages.Add(e.Sku, new(e.Name, e.PriceCoins, e.Rarity));

    public static void RarityGiven(StoreRows rows, RarityGiven e) =>
        rows.Packages.Change(e.Sku, package => package with { Rarity = e.Rarity });

    public static IReadOnlyList<ISpecificRecord> ChangePrice(StoreRows rows, ChangePrice c) =>
        rows.Packages[c.Sku] switch
        {
            _ when Problem(c.PriceCoins) is { } problem => throw new ArgumentException($"{c.Sku}: {problem}"),
            null => throw NotListed(c.Sku),
            var package when package.PriceCoins == c.PriceCoins => [],
            var package =>
                [new PriceChanged { Sku = c.Sku, PriceCoins = c.PriceCoins, PreviousPriceCoins = package.PriceCoins }],
        };

    public static void PriceChanged(StoreRows rows, PriceChanged e) =>
        rows.Packages.Change(e.Sku, package => package with { PriceCoins = e.PriceCoins });

    /// <summary>Nothing new is bought of it; what is under way goes on.</summary>
    public static IReadOnlyList<ISpecificRecord> TakeOffSale(StoreRows rows, TakeOffSale c) =>
        (rows.Packages[c.Sku] ?? throw NotListed(c.Sku)).IsOnSale ? [new PackageTakenOffSale { Sku = c.Sku }] : [];

    public static void TakenOffSale(StoreRows rows, PackageTakenOffSale e) =>
        rows.Packages.Change(e.Sku, package => package with { IsOnSale = false });

    public static IReadOnlyList<ISpecificRecord> PutOnSale(StoreRows rows, PutOnSale c) =>
        (rows.Packages[c.Sku] ?? throw NotListed(c.Sku)).IsOnSale ? [] : [new PackagePutOnSale { Sku = c.Sku }];

    public static void PutBackOnSale(StoreRows rows, PackagePutOnSale e) =>
        rows.Packages.Change(e.Sku, package => package with { IsOnSale = true });

    private static ArgumentException NotListed(string sku) =>
        new($"{sku} is not listed; list it with list-packages.");

    private static string? Problem(long priceCoins) => ExactNumber.Problem("priceCoins", priceCoins, least: 0);
}
