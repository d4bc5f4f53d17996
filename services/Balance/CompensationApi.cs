using System.Diagnostics;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Npgsql;

namespace Checkout.Balance;

public sealed record CompensationRequest(
    [property: Field("The checkout that went wrong.", Pattern = CompensationText.CheckoutIdPattern,
        Example = "01924f1e-6f00-7000-8000-000000000001")] string CheckoutId,
    [property: Field("Whose checkout it is.", Pattern = OpaqueId.Pattern, MaxLength = OpaqueId.MaxLength,
        Example = "player-1")] string CustomerId,
    [property: Field("How many coins are given.", Least = 1, Most = ExactNumber.Max, Example = 500)] long Coins,
    [property: Field("Your own, such as a ticket's number: for one checkout and reference coins are given once.",
        Pattern = PlainText.Pattern, MaxLength = PlainText.MaxLength, Example = "ticket-4711")] string Reference,
    [property: Field("Why; kept on the event.", Pattern = PlainText.Pattern, MaxLength = PlainText.MaxLength,
        Example = "the avatar came after a day")] string Why,
    [property: Field("For whom you act, if for somebody; kept beside the sub of the token.",
        Pattern = PlainText.Pattern, MaxLength = PlainText.MaxLength, Example = "agent-7")] string? Who,
    [property: Field("Says what it would do, and does nothing.", Example = false)] bool? DryRun);

public sealed record CompensationAnswer(
    [property: Field("The checkout.", Example = "01924f1e-6f00-7000-8000-000000000001")] Guid CheckoutId,
    [property: Field("Whose it is.", Example = "player-1")] string CustomerId,
    [property: Field("The reference.", Example = "ticket-4711")] string Reference,
    [property: Field("How many coins.", Example = 500)] long Coins,
    [property: Field("False where they were given before: then nothing has changed.", Example = true)] bool IsNew,
    [property: Field("The customer's balance with them.", Example = 1_200)] long BalanceCoins,
    [property: Field("Whether nothing was changed, since it was only asked.", Example = false)] bool DryRun);

/// <summary>
/// Support gives coins for a checkout that went wrong. Its reference is what makes tries of one compensation the same.
/// </summary>
public static class CompensationApi
{
    private static readonly ActivitySource Source = new(TelemetryNames.Chassis);

    private static readonly Operation Described = new("grantCompensation", "compensations",
        "Give coins for a checkout that went wrong",
        "Once for a checkout and a reference, however often it is sent; with the scope support.")
    {
        Body = typeof(CompensationRequest),
        BodyExamples =
        [
            ("aDryRun", Example(dryRun: true)),
            ("aCompensation", Example(dryRun: false)),
        ],
        Answers = [new(200, "They are given, or were before.", typeof(CompensationAnswer))],
        Problems =
        [
            ProblemTypes.Forbidden, ProblemTypes.NobodyToActFor, BalanceProblems.CompensationDiffers,
            BalanceProblems.BalanceFull, BalanceProblems.NotTheirCheckout, ProblemTypes.StoreBehind,
        ],
    };

    public static void Map(WebApplication app) => app.MapPost("/compensations", PostAsync)
        .RequireAuthorization(Scopes.Support).Describe(Described);

    private static async Task<IResult> PostAsync(HttpRequest request, Caller caller, NpgsqlDataSource database,
        GroupCommit<BalanceRows> edge, Transactions<BalanceRows> transactions, StoreHold hold,
        CancellationToken cancellation)
    {
        var who = caller.Id;
        var asked = await JsonBody.ReadAsync<CompensationRequest>(request, cancellation);
        var grant = Checked(asked, who);
        // It may know nothing of a checkout then, and of what was given for it.
        if (hold.Why is not null)
            throw ProblemTypes.StoreBehind.Refused("Balance is being brought back to where it was. Nothing was given: "
                + "send the same again, later.");
        try
        {
            var checkout = await database.AskAsync(connection => DecidedCheckouts.FindAsync(connection,
                grant.CheckoutId, cancellation), cancellation);
            if (checkout?.CustomerId != grant.CustomerId)
                throw Compensations.NotTheirs(grant.CheckoutId, grant.CustomerId);
            using var span = InItsStory(checkout, grant);
            var isDry = asked.DryRun == true;
            var (isNew, balance) = await (isDry ? TryAsync(grant, transactions, cancellation)
                : GrantAsync(grant, edge, cancellation)).InTimeAsync(cancellation);
            return TypedResults.Ok(new CompensationAnswer(grant.CheckoutId, grant.CustomerId, grant.Reference,
                grant.Coins, isNew, balance, isDry));
        }
        // A refusal is an IOException by its base.
        catch (Exception e) when (e is not RequestRefusedException && Outage.IsNobodysFault(e))
        {
            return ProblemTypes.NotNow.With("It could not be written. Send the same again, with the same reference: "
                + "the coins are given once.");
        }
    }

    private static async Task<(bool IsNew, long BalanceCoins)> GrantAsync(GrantCompensation grant,
        GroupCommit<BalanceRows> edge, CancellationToken cancellation)
    {
        var work = grant.ToWork();
        var committed = await edge.SubmitAsync(grant, work.Seed, cancellation);
        return (committed.Events.Count > 0, committed.Rows.Accounts[grant.CustomerId]!.Coins);
    }

    /// <summary>As far as the commit, in the place of which all is taken back.</summary>
    private static Task<(bool IsNew, long BalanceCoins)> TryAsync(GrantCompensation grant,
        Transactions<BalanceRows> transactions, CancellationToken cancellation) =>
        transactions.RunAsync(async (transaction, token) =>
        {
            var work = grant.ToWork();
            await transaction.LoadAsync([work.Step], token);
            transaction.Decide(work);
            if (work.Fault is { } fault) throw fault;
            await transaction.RollBackAsync(token);
            return (work.Events.Count > 0, transaction.Rows.Accounts[grant.CustomerId]!.Coins);
        }, cancellation);

    /// <summary>
    /// In the checkout's trace, as all of its events are; linked with the request, which has one of its own.
    /// </summary>
    private static Activity? InItsStory(DecidedCheckout checkout, GrantCompensation grant)
    {
        var links = Activity.Current is { } asked ? new[] { new ActivityLink(asked.Context) } : [];
        var span = Source.StartActivity(ActivityKind.Internal, checkout.Trace, links: links,
            name: "grant compensation");
        span?.SetTag("checkout.id", grant.CheckoutId.ToString());
        return span;
    }

    private static GrantCompensation Checked(CompensationRequest asked, string sub)
    {
        var problem = CompensationText.Problems(asked.CheckoutId, asked.CustomerId, asked.Coins, asked.Reference,
            asked.Why).Append(asked.Who is null ? null : PlainText.Problem("who", asked.Who)).OfType<string>()
            .FirstOrDefault();
        if (problem is not null) throw ProblemTypes.BodyNotUnderstood.Refused(problem);
        return new(Guid.Parse(asked.CheckoutId), asked.CustomerId, asked.Coins, asked.Reference,
            asked.Who is null ? sub : $"{sub} for {asked.Who}", asked.Why);
    }

    private static CompensationRequest Example(bool dryRun) => new("01924f1e-6f00-7000-8000-000000000001", "player-1",
        500, "ticket-4711", "the avatar came after a day", "agent-7", dryRun);
}
