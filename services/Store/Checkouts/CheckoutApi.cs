using System.Diagnostics;
using avatarstore.store;
using Checkout.Chassis;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Resilience;
using Checkout.Store.Packages;

namespace Checkout.Store.Checkouts;

public sealed record CheckoutRequest(string Sku);

/// <summary>The edge for game clients: posting a checkout, and following it.</summary>
public static class CheckoutApi
{

    public static IEnumerable<string> Configure(WebApplicationBuilder builder)
    {
        var (options, problems) = Settings.Read<CheckoutOptions>(builder.Configuration.GetSection("Checkouts"),
            o => o.Problems());
        builder.Services.AddSingleton(options).AddSingleton<CheckoutQueries>();
        return problems;
    }

    public static void Map(WebApplication app)
    {
        app.MapPost("/checkouts", PostAsync);
        app.MapRead("/checkouts/{id:guid}", GetAsync);
    }

    private static async Task<IResult> PostAsync(HttpRequest request, Caller caller, GroupCommit<StoreRows> edge,
        CheckoutQueries queries, CheckoutOptions options, EventStoreOptions store, TimeProvider time,
        CancellationToken cancellation)
    {
        var customer = caller.Id;
        var idempotencyKey = IdempotencyKey.Of(request);
        var wanted = await JsonBody.ReadAsync<CheckoutRequest>(request, cancellation);
        // No stricter than it ever was: what an older version listed can still be bought.
        if (PlainText.Problem("sku", wanted.Sku, PackageOperators.MaxSkuLength) is { } problem)
            return StoreProblems.NotASku.With(problem);

        var post = new CreateCheckout(Guid.CreateVersion7(time.GetUtcNow()), customer, idempotencyKey, wanted.Sku,
            Microseconds(time.GetUtcNow().UtcDateTime), options.Deadline);
        Activity.Current?.SetTag("checkout.id", post.CheckoutId.ToString());
        try
        {
            var (outcome, view) = await AnswerAsync(post, edge, queries, store, cancellation)
                .InTimeAsync(cancellation);
            // A post sent again belongs to the checkout it was; one for an unknown package to none.
            Activity.Current?.SetTag("checkout.id", view?.CheckoutId.ToString());
            return outcome switch
            {
                PostOutcome.Created => Accepted(request.HttpContext.Response, view!, isReplayed: false),
                PostOutcome.SameAsBefore => Accepted(request.HttpContext.Response, view!, isReplayed: true),
                PostOutcome.KeyUsedForOther => StoreProblems.KeyUsedForOther.With(
                    "This Idempotency-Key came with another body before; send a new key for a new purchase."),
                _ => StoreProblems.UnknownPackage.With(
                    $"No package {post.Sku} is on sale; GET /packages lists what is."),
            };
        }
        catch (Exception e) when (Outage.IsOutage(e))
        {
            return ProblemTypes.NotNow.With("The checkout could not be written. Send the same request again, with the "
                + "same Idempotency-Key: it will be one purchase.");
        }
    }

    private static async Task<(PostOutcome Outcome, CheckoutView? View)> AnswerAsync(CreateCheckout post,
        GroupCommit<StoreRows> edge, CheckoutQueries queries, EventStoreOptions store, CancellationToken cancellation)
    {
        var committed = await edge.SubmitAsync(post, post.CheckoutId, cancellation);
        var (outcome, checkoutId) = CheckoutDecisions.AnswerTo(committed.Rows, post);
        return (outcome, outcome switch
        {
            PostOutcome.Created =>
                CheckoutView.Of((CheckoutCreated)committed.Events[0], store.Source, Activity.Current),
            PostOutcome.SameAsBefore => await queries.FindAsync(checkoutId!.Value, post.CustomerId, cancellation),
            _ => null,
        });
    }

    private static async Task<IResult> GetAsync(Guid id, Caller caller, CheckoutQueries queries,
        CancellationToken cancellation) =>
        await queries.FindAsync(id, caller.Sees, cancellation).InTimeAsync(cancellation) is { } view
            ? TypedResults.Ok(view)
            : StoreProblems.UnknownCheckout.With($"{caller.Sees ?? "Nobody"} has no checkout {id}.");

    private static IResult Accepted(HttpResponse response, CheckoutView view, bool isReplayed)
    {
        if (isReplayed) response.Headers[IdempotencyKey.ReplayedHeader] = "true";
        // W3C Trace Context level 2 (draft): which trace this answer belongs to.
        if (view.TraceParent is not null) response.Headers["traceresponse"] = view.TraceParent;
        return TypedResults.Accepted($"/checkouts/{view.CheckoutId}", view);
    }

    /// <summary>What events and tables keep of a time, so that the answer says the same as a later look.</summary>
    private static DateTime Microseconds(DateTime time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}

public sealed class CheckoutOptions
{
    /// <summary>
    /// How long a checkout may be funded and assigned after it was posted; later it is refused and refunded.
    /// </summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromMinutes(5);

    public IEnumerable<string> Problems()
    {
        if (Deadline <= TimeSpan.Zero)
            yield return $"Checkouts:Deadline is {Deadline}; give a time above zero, such as 00:05:00.";
    }
}
