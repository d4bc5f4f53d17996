using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;
using Dapper;
using Npgsql;

namespace Checkout.Store.Packages;

public sealed record PackageAnswer(
    [property: Field("What a post names it by.", Example = "gorilla")] string Sku,
    [property: Field("What it is called, for display.", Example = "Gorilla")] string Name,
    [property: Field("Its price now, in whole coins.", Most = ExactNumber.Max, Example = 500)] long PriceCoins,
    [property: Field("common, rare, ultraRare, or unknown where nobody said it; later versions may add some.",
        Example = "common")]
    string Rarity);

public static class PackageApi
{
    private const int MaxPackages = 10_000;

    private static readonly Operation Described = new("listPackages", "packages", "List what is on sale",
        "By price. It may be kept, and asked about by its ETag.")
    {
        Parameters = [RequestParameters.IfNoneMatch],
        Answers =
        [
            new(200, "What is on sale now.", typeof(List<PackageAnswer>), AnswerHeaders.ETag),
            new(304, "The client has it: nothing has changed.", null, AnswerHeaders.ETag),
        ],
    };

    public static void Map(WebApplication app) =>
        app.MapRead("/packages", GetPackages).AllowAnonymous().Describe(Described);

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
