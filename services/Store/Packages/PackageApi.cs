using Checkout.Chassis.Edge;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Checkout.Store.Packages;

public sealed record PackageAnswer(string Sku, string Name, long PriceCoins);

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
            SELECT sku AS "Sku", name AS "Name", price_coins AS "PriceCoins" FROM packages
            ORDER BY price_coins, sku LIMIT @MaxPackages
            """,
            new { MaxPackages }, cancellationToken: cancellation)), cancellation)).ToList();

    private static async Task<Ok<List<PackageAnswer>>> GetPackages(NpgsqlDataSource database,
        CancellationToken cancellation) => TypedResults.Ok(await OnSaleAsync(database, cancellation));
}
