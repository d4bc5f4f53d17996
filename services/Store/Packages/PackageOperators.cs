using Checkout.Chassis.Entrance;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Operating;

namespace Checkout.Store.Packages;

public static class PackageOperators
{
    public const int MaxSkuLength = 100;

    /// <summary>
    /// The file: [{"sku": "...", "name": "...", "priceCoins": 500, "rarity": "ultraRare"}], the last where it is known.
    /// </summary>
    public static readonly OperatorCommand<StoreRows> List = new("list-packages",
        "Puts new packages on sale; one that is listed like this already stays as it is, on sale or not.", text =>
        OperatorFile.Read<PackageLine>(text, Problems).Select(line => StoreChoreography.Table.WorkOf(
            new ListPackage(line.Sku, line.Name, line.PriceCoins, Rarities.Of(line.Rarity)), KeyOf(line))).ToList());

    /// <summary>
    /// The file: [{"sku": "...", "priceCoins": 600}]. A price may come back, so its id follows from no business key:
    /// the same price again is no change.
    /// </summary>
    public static readonly OperatorCommand<StoreRows> ChangePrice = new("change-price",
        "Changes prices; the price that is there already is no change.", text =>
        OperatorFile.Read<PriceLine>(text, Problems).Select(line => StoreChoreography.Table.WorkOf(
            new ChangePrice(line.Sku, line.PriceCoins), Guid.CreateVersion7())).ToList());

    /// <summary>The file: [{"sku": "..."}]. It may come again, so its id follows from no business key either.</summary>
    public static readonly OperatorCommand<StoreRows> TakeOffSale = new("take-off-sale",
        "Takes packages off sale; what was posted before goes on. One that is off sale stays so.",
        text => Skus(text).Select(sku => StoreChoreography.Table.WorkOf(new TakeOffSale(sku), Guid.CreateVersion7()))
            .ToList());

    /// <summary>The file: [{"sku": "..."}].</summary>
    public static readonly OperatorCommand<StoreRows> PutOnSale = new("put-on-sale",
        "Puts packages on sale again, for the price they have. One that is on sale stays so.",
        text => Skus(text).Select(sku => StoreChoreography.Table.WorkOf(new PutOnSale(sku), Guid.CreateVersion7()))
            .ToList());

    /// <summary>What a line may tell: the package, once; and, once it is listed, its rarity, once.</summary>
    private static Guid KeyOf(PackageLine line) =>
        EventIds.OfBusinessKey("list-package", line.Rarity is { } rarity ? $"{line.Sku} {rarity}" : line.Sku);

    private static IEnumerable<string> Skus(string text) =>
        OperatorFile.Read<SkuLine>(text, line => [PlainText.Problem("sku", line.Sku, MaxSkuLength)])
            .Select(line => line.Sku);

    private static IEnumerable<string?> Problems(PackageLine line) =>
    [
        OpaqueId.Problem("sku", line.Sku, MaxSkuLength),
        PlainText.Problem("name", line.Name),
        ExactNumber.Problem("priceCoins", line.PriceCoins, least: 0),
        Rarities.Problem(line.Rarity),
    ];

    /// <summary>What is listed may bear a sku that could not be listed any more.</summary>
    private static IEnumerable<string?> Problems(PriceLine line) =>
    [
        PlainText.Problem("sku", line.Sku, MaxSkuLength),
        ExactNumber.Problem("priceCoins", line.PriceCoins, least: 0),
    ];

    private sealed record PackageLine(string Sku, string Name, long PriceCoins, string? Rarity);

    private sealed record PriceLine(string Sku, long PriceCoins);

    private sealed record SkuLine(string Sku);
}
