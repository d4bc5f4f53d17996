using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Checkout.Store.Packages;

public sealed record PackageAnswer(string Sku, string Name, long PriceCoins);

public static class PackageApi
{
    private const int MaxPackages = 10_000;

    public static void Map(WebApplication app) => app.MapGet("/packages", GetPackages);

    private static async Task<Ok<List<PackageAnswer>>> GetPackages(NpgsqlDataSource database,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return TypedResults.Ok((await connection.QueryAsync<PackageAnswer>(new CommandDefinition(
            """
            SELECT sku AS "Sku", name AS "Name", price_coins AS "PriceCoins" FROM packages
            ORDER BY price_coins, sku LIMIT @MaxPackages
            """,
            new { MaxPackages }, cancellationToken: cancellation))).ToList());
    }
}
