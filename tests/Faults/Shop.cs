using System.Globalization;

namespace Checkout.Faults;

/// <summary>
/// What is on sale in a round: of most packages there is one for everybody, of the first ones too few.
/// </summary>
internal static class Shop
{
    public const int Kinds = 6;
    public const long PriceCoins = 10;
    private const int RareKinds = 2;
    private const int RarePieces = 3;

    public static string Sku(int round, int kind) => $"avatar-{Text(round)}-{Text(kind)}";

    /// <summary>Lists the packages of many rounds, and delivers their pieces.</summary>
    public static Task OfferAsync(FaultySystem system, IEnumerable<int> rounds, CancellationToken stop)
    {
        var packages = rounds.SelectMany(round => Enumerable.Range(0, Kinds)
            .Select(kind => (Sku: Sku(round, kind), IsRare: kind < RareKinds))).ToList();
        return Task.WhenAll(
            system.GiveAsync("store", "list-packages",
                packages.Select(p => new { sku = p.Sku, name = p.Sku, priceCoins = PriceCoins }), stop),
            system.GiveAsync("inventory", "add-stock",
                packages.Select(p =>
                    new { sku = p.Sku, quantity = p.IsRare ? RarePieces : Load.Customers, reference = "campaign" }),
                    stop));
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
