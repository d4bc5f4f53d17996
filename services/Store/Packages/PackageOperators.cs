using Checkout.Chassis.Entrance;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Operating;

namespace Checkout.Store.Packages;

public static class PackageOperators
{
    public const int MaxSkuLength = 100;

    /// <summary>The file: [{"sku": "...", "name": "...", "priceCoins": 500}].</summary>
    public static readonly OperatorCommand<StoreRows> List = new("list-packages",
        "Puts packages on sale; one that is on sale like this already stays as it is.", text =>
        OperatorFile.Read<PackageLine>(text, Problems).Select(line => StoreChoreography.Table.WorkOf(
            new ListPackage(line.Sku, line.Name, line.PriceCoins), EventIds.OfBusinessKey("list-package", line.Sku)))
            .ToList());

    /// <summary>
    /// The file: [{"sku": "...", "priceCoins": 600}]. A price may come back, so its id follows from no business key:
    /// the same price again is no change.
    /// </summary>
    public static readonly OperatorCommand<StoreRows> ChangePrice = new("change-price",
        "Changes prices; the price that is there already is no change.", text =>
        OperatorFile.Read<PriceLine>(text, Problems).Select(line => StoreChoreography.Table.WorkOf(
            new ChangePrice(line.Sku, line.PriceCoins), Guid.CreateVersion7())).ToList());

    private static IEnumerable<string?> Problems(PackageLine line) =>
    [
        OpaqueId.Problem("sku", line.Sku, MaxSkuLength),
        PlainText.Problem("name", line.Name),
        ExactNumber.Problem("priceCoins", line.PriceCoins, least: 0),
    ];

    /// <summary>What is listed may bear a sku that could not be listed any more.</summary>
    private static IEnumerable<string?> Problems(PriceLine line) =>
    [
        PlainText.Problem("sku", line.Sku, MaxSkuLength),
        ExactNumber.Problem("priceCoins", line.PriceCoins, least: 0),
    ];

    private sealed record PackageLine(string Sku, string Name, long PriceCoins);

    private sealed record PriceLine(string Sku, long PriceCoins);
}
