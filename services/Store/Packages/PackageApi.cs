using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Checkout.Store.Packages;

public static class PackageApi
{
    private const int MaxPackages = 10_000;

    public static void Map(WebApplication app) => app.MapGet("/packages", GetPackages);

    private static async Task<Ok<List<Package>>> GetPackages(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return TypedResults.Ok((await connection.QueryAsync<Package>(new CommandDefinition(
            """SELECT sku AS "Sku", name AS "Name", price_coins AS "PriceCoins" FROM packages ORDER BY price_coins, sku LIMIT @MaxPackages""",
            new { MaxPackages }, cancellationToken: cancellation))).ToList());
    }
}
