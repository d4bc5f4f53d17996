using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Identity;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Checkout.Inventory;

public sealed record AvatarAnswer(
    [property: Field("Of which package.", Example = "gorilla")] string Sku,
    [property: Field("The checkout that it was bought by.", Example = "01924f1e-6f00-7000-8000-000000000001")]
    Guid CheckoutId);

public sealed record StockAnswer(
    [property: Field("Of which package.", Example = "gorilla")] string Sku,
    [property: Field("How many can still be had.", Most = ExactNumber.Max, Example = 4_999)] long Available);

public static class InventoryApi
{
    public static readonly ProblemType UnknownCustomer = new("unknown-customer", 404, "Unknown customer");

    /// <summary>The most avatars or packages in one answer.</summary>
    private const int MaxRows = 10_000;

    private static readonly Operation OfAvatars = new("listAvatars", "avatars", "List a customer's avatars",
        "One's own; anybody's with the scope support.")
    {
        Parameters = [RequestParameters.Id("customerId", "Whose: the sub of their token.", "player-1")],
        Answers = [new(200, "By sku.", typeof(List<AvatarAnswer>))],
        Problems =
        [
            ProblemTypes.NotAnOpaqueId, ProblemTypes.NobodyToActFor, UnknownCustomer, ProblemTypes.NotFound,
        ],
    };

    private static readonly Operation OfStock = new("listStock", "stock", "List what is in stock", "By sku.")
    {
        Answers = [new(200, "How many pieces of each can still be had.", typeof(List<StockAnswer>))],
    };

    public static void Map(WebApplication app)
    {
        app.MapRead("/customers/{customerId}/avatars", GetAvatars).Describe(OfAvatars);
        app.MapRead("/stock", GetStock).Describe(OfStock);
    }

    private static async Task<Results<Ok<List<AvatarAnswer>>, ProblemHttpResult>> GetAvatars(string customerId,
        Caller caller, NpgsqlDataSource database, CancellationToken cancellation)
    {
        if (OpaqueId.Problem("The customer's id", customerId) is { } problem)
            return ProblemTypes.NotAnOpaqueId.With(problem);
        if (!caller.MaySee(customerId)) return UnknownCustomer.With($"You see no avatars of {customerId}.");
        return TypedResults.Ok((await database.AskAsync(connection => connection.QueryAsync<AvatarAnswer>(
            new CommandDefinition(
                """
                SELECT sku AS "Sku", checkout_id AS "CheckoutId" FROM ownership WHERE customer_id = @customerId
                ORDER BY sku LIMIT @MaxRows
                """,
                new { customerId, MaxRows }, cancellationToken: cancellation)), cancellation)).ToList());
    }

    private static async Task<Ok<List<StockAnswer>>> GetStock(NpgsqlDataSource database,
        CancellationToken cancellation) =>
        TypedResults.Ok((await database.AskAsync(connection => connection.QueryAsync<StockAnswer>(
            new CommandDefinition(
                """SELECT sku AS "Sku", available AS "Available" FROM stock ORDER BY sku LIMIT @MaxRows""",
                new { MaxRows }, cancellationToken: cancellation)), cancellation)).ToList());
}
