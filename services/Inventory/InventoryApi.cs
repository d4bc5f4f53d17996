using Checkout.Chassis.Edge;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Identity;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Checkout.Inventory;

public sealed record AvatarAnswer(string Sku, Guid CheckoutId);

public sealed record StockAnswer(string Sku, long Available);

public static class InventoryApi
{
    public static readonly ProblemType UnknownCustomer = new("unknown-customer", 404, "Unknown customer");

    /// <summary>The most avatars or packages in one answer.</summary>
    private const int MaxRows = 10_000;

    public static void Map(WebApplication app)
    {
        app.MapRead("/customers/{customerId}/avatars", GetAvatars);
        app.MapRead("/stock", GetStock);
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
