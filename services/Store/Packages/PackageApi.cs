using Checkout.Chassis.Edge;
using Dapper;
using Npgsql;

namespace Checkout.Store.Packages;

/// <param name="Rarity">common, rare, ultraRare; unknown where nobody said it.</param>
public sealed record PackageAnswer(string Sku, string Name, long PriceCoins, string Rarity);

public static class PackageApi
{
    private const int MaxPackages = 10_000;

    public static void Map(WebApplication app) => app.MapRead("/packages", GetPackages).AllowAnonymous();

    /// <summary>What is on sale, the cheapest first.</summary>
    /// <exception cref="TimeoutException">The database does not answer in time.</exception>
    public static async Task<List<PackageAnswer>> OnSaleAsync(NpgsqlDataSource database,
        CancellationToken cancellation) =>
        (await database.AskAsync(connection => connection.QueryAsync<PackageAnswer>(new CommandDefinition(
            """
            SELECT sku AS "Sku", name AS "Name", price_coins AS "PriceCoins", rarity AS "Rarity" FROM packages
            WHERE is_on_sale ORDER BY price_coins, sku LIMIT @MaxPackages
            """,
            new { MaxPackages }, cancellationToken: cancellation)), cancellation))
        .Select(package => package with { Rarity = Rarities.Name(package.Rarity) }).ToList();

    private static async Task<IResult> GetPackages(HttpRequest request, NpgsqlDataSource database,
        CancellationToken cancellation) => TaggedJson.Of(request, await OnSaleAsync(database, cancellation));
}
