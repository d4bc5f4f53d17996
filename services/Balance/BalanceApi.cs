using Checkout.Chassis.Edge;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Identity;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Checkout.Balance;

public sealed record BalanceAnswer(string CustomerId, long Coins);

public static class BalanceApi
{
    public static readonly ProblemType UnknownAccount = new("unknown-account", 404, "Unknown account");

    public static void Map(WebApplication app) => app.MapRead("/balances/{customerId}", GetBalance);

    private static async Task<Results<Ok<BalanceAnswer>, ProblemHttpResult>> GetBalance(string customerId,
        Caller caller, NpgsqlDataSource database, CancellationToken cancellation)
    {
        // A slash stays escaped in a path, and would be another id than it is everywhere else.
        if (OpaqueId.Problem("The customer's id", customerId) is { } problem)
            return ProblemTypes.NotAnOpaqueId.With(problem);
        if (!caller.MaySee(customerId)) return Unknown(customerId);
        var coins = await database.AskAsync(connection => connection.QuerySingleOrDefaultAsync<long?>(
            new CommandDefinition("SELECT coins FROM accounts WHERE customer_id = @customerId", new { customerId },
                cancellationToken: cancellation)), cancellation);
        return coins is { } some
            ? TypedResults.Ok(new BalanceAnswer(customerId, some))
            : Unknown(customerId);
    }

    private static ProblemHttpResult Unknown(string customerId) =>
        UnknownAccount.With($"You see no account of {customerId}; the first coins open one.");
}
