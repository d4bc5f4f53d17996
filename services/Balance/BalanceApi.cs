using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Identity;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Checkout.Balance;

public sealed record BalanceAnswer(
    [property: Field("Whose coins.", Example = "player-1")] string CustomerId,
    [property: Field("Whole coins. A refund may lift it above 2^53 - 1.", Example = 550_000_000)] long Coins);

public static class BalanceApi
{
    private static readonly Operation Described = new("getBalance", "balances", "Look a balance up",
        "One's own coins; anybody's with the scope support.")
    {
        Parameters = [RequestParameters.Id("customerId", "Whose: the sub of their token.", "player-1")],
        Answers = [new(200, "The balance now.", typeof(BalanceAnswer))],
        Problems =
        [
            ProblemTypes.NotAnOpaqueId, ProblemTypes.NobodyToActFor, BalanceProblems.UnknownAccount,
            ProblemTypes.NotFound,
        ],
    };

    public static void Map(WebApplication app)
    {
        app.MapRead("/balances/{customerId}", GetBalance).Describe(Described);
        CompensationApi.Map(app);
    }

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
        BalanceProblems.UnknownAccount.With($"You see no account of {customerId}; the first coins open one.");
}
