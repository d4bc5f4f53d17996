using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Checkout.Balance;

public sealed record BalanceAnswer(string CustomerId, long Coins);

public static class BalanceApi
{
    public static void Map(WebApplication app) => app.MapGet("/balances/{customerId}", GetBalance);

    private static async Task<Results<Ok<BalanceAnswer>, ProblemHttpResult>> GetBalance(string customerId,
        NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var coins = await connection.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(
            "SELECT coins FROM accounts WHERE customer_id = @customerId", new { customerId },
            cancellationToken: cancellation));
        return coins is { } some
            ? TypedResults.Ok(new BalanceAnswer(customerId, some))
            : TypedResults.Problem($"Customer {customerId} has no account; the first coins open it.", statusCode: 404,
                title: "Unknown account");
    }
}
