using System.Diagnostics;
using avatarstore.store;
using Checkout.Chassis;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Checkout.Store.Checkouts.Admitting;
using Checkout.Store.Checkouts.Following;
using Checkout.Store.Packages;

namespace Checkout.Store.Checkouts;

public sealed record CheckoutRequest(
    [property: Field("What is bought, as GET /packages names it.", Pattern = PlainText.Pattern,
        MaxLength = PackageOperators.MaxSkuLength, Example = "gorilla")]
    string Sku,
    [property: Field("What the player was shown, in whole coins; at another price nothing is bought, and the answer "
        + "is 409 with the new one.", Most = ExactNumber.Max, Example = 500)]
    long? ExpectedPriceCoins);

/// <summary>The edge for game clients: posting a checkout, and following it.</summary>
public static class CheckoutApi
{
    public static IEnumerable<string> Configure(WebApplicationBuilder builder)
    {
        var (options, problems) = Settings.Read<CheckoutOptions>(builder.Configuration.GetSection("Checkouts"),
            o => o.Problems());
        builder.Services.AddSingleton(options).AddSingleton<CheckoutQueries>().AddSingleton<CheckoutList>()
            .AddSingleton(new Followers(options.MostFollowers)).AddSingleton<Waiting>()
            .AddSingleton(new Admission(options)).AddSingleton<Reconciling>().AddSingleton<KnownKeys>()
            .AddSingleton<CheckoutGate>().AddHostedService<CheckoutFeed>().AddSingleton<CheckoutMeasures>()
            .AddSingleton(CheckoutMeasures.Duration)
            .AddSingleton<StepCommitted<StoreRows>>(p => p.GetRequiredService<CheckoutMeasures>().Committed);
        builder.AddReadiness<CheckoutGate>("checkouts");
        return problems;
    }

    public static void Map(WebApplication app)
    {
        app.MapPost("/checkouts", PostAsync).AddEndpointFilter(CheckoutGate.FilterAsync)
            .Describe(CheckoutOperations.Post);
        app.MapRead("/checkouts/{id:guid}", GetAsync).Describe(CheckoutOperations.Get);
        StreamApi.Map(app);
    }

    private static async Task<IResult> PostAsync(HttpRequest request, Caller caller, GroupCommit<StoreRows> edge,
        CheckoutQueries queries, CheckoutOptions options, EventStoreOptions store, Admission admission,
        Waiting waiting, TimeProvider time, CancellationToken cancellation)
    {
        var customer = caller.Id;
        var idempotencyKey = IdempotencyKey.Of(request);
        var wanted = await JsonBody.ReadAsync<CheckoutRequest>(request, cancellation);
        // No stricter than it ever was: what an older version listed can still be bought.
        if (PlainText.Problem("sku", wanted.Sku, PackageOperators.MaxSkuLength) is { } problem)
            return StoreProblems.NotASku.With(problem);
        if (ExactNumber.Problem("expectedPriceCoins", wanted.ExpectedPriceCoins ?? 0, least: 0) is { } notAPrice)
            return ProblemTypes.BodyNotUnderstood.With(notAPrice);

        var post = new CreateCheckout(Guid.CreateVersion7(time.GetUtcNow()), customer, idempotencyKey, wanted.Sku,
            time.GetUtcNow().UtcDateTime, options.Deadline, wanted.ExpectedPriceCoins);
        Activity.Current?.SetTag("checkout.id", post.CheckoutId.ToString());
        var wait = Preferences.Wait(request);
        using var follower = waiting.Begin(post.CheckoutId, wait);
        admission.Begin(post.CheckoutId);
        var isCreated = false;
        try
        {
            var (outcome, story, package) = await AnswerAsync(post, edge, queries, store, cancellation)
                .InTimeAsync(cancellation);
            isCreated = outcome == PostOutcome.Created;
            if (story is not null && wait is { } longest)
                story = await waiting.EndAsync(story, customer, follower, longest, request.HttpContext.Response,
                    cancellation);
            var view = story?.View(time.GetUtcNow().UtcDateTime);
            // A post sent again belongs to the checkout it was; one for an unknown package to none.
            Activity.Current?.SetTag("checkout.id", view?.CheckoutId.ToString());
            return outcome switch
            {
                PostOutcome.Created => Accepted(request.HttpContext.Response, view!, isReplayed: false, wait),
                PostOutcome.SameAsBefore => Accepted(request.HttpContext.Response, view!, isReplayed: true, wait),
                PostOutcome.KeyUsedForOther => StoreProblems.KeyUsedForOther.With(
                    "This Idempotency-Key came with another body before; send a new key for a new purchase."),
                PostOutcome.OtherPrice => StoreProblems.PriceChanged.With(
                    $"{post.Sku} costs {package!.PriceCoins} coins now. Ask the player again; this Idempotency-Key is "
                        + "still free.", ("priceCoins", package.PriceCoins)),
                PostOutcome.OffSale => StoreProblems.PackageOffSale.With(
                    $"{post.Sku} is not sold now; GET /packages lists what is."),
                _ => StoreProblems.UnknownPackage.With(
                    $"No package {post.Sku} is on sale; GET /packages lists what is."),
            };
        }
        catch (Exception e) when (e is not RequestRefusedException && Outage.IsNobodysFault(e))
        {
            return ProblemTypes.NotNow.With("The checkout could not be written. Send the same request again, with the "
                + "same Idempotency-Key: it will be one purchase.");
        }
        finally
        {
            // What is not known to be written is not waited for; if it is written after all, its event says so.
            if (!isCreated) admission.TakeBack(post.CheckoutId);
        }
    }

    private static async Task<(PostOutcome Outcome, CheckoutStory? Story, Package? Package)> AnswerAsync(
        CreateCheckout post, GroupCommit<StoreRows> edge, CheckoutQueries queries, EventStoreOptions store,
        CancellationToken cancellation)
    {
        var committed = await edge.SubmitAsync(post, post.CheckoutId, cancellation);
        var (outcome, checkoutId) = CheckoutDecisions.AnswerTo(committed.Rows, post);
        return (outcome, outcome switch
        {
            PostOutcome.Created =>
                CheckoutStory.Of((CheckoutCreated)committed.Events[0], store.Source, Activity.Current),
            PostOutcome.SameAsBefore => await queries.StoryAsync(checkoutId!.Value, post.CustomerId, cancellation),
            _ => null,
        }, committed.Rows.Catalogue[post.Sku]);
    }

    private static async Task<IResult> GetAsync(Guid id, Caller caller, HttpContext http, CheckoutQueries queries,
        Waiting waiting, TimeProvider time, CancellationToken cancellation)
    {
        var wait = Waiting.Asked(http.Request);
        using var follower = waiting.Begin(id, wait);
        var story = await queries.StoryAsync(id, caller.Sees, cancellation).InTimeAsync(cancellation);
        if (story is null)
            return StoreProblems.UnknownCheckout.With($"{caller.Sees ?? "Nobody"} has no checkout {id}.");
        if (follower is not null)
            story = await waiting.EndAsync(story, caller.Sees, follower, wait!.Value, cancellation);
        return TypedResults.Ok(story.View(time.GetUtcNow().UtcDateTime));
    }

    /// <param name="wait">What the client would wait; where it ended within that, it is no more on its way.</param>
    private static IResult Accepted(HttpResponse response, CheckoutView view, bool isReplayed, TimeSpan? wait)
    {
        if (isReplayed) response.Headers[IdempotencyKey.ReplayedHeader] = "true";
        // W3C Trace Context level 2 (draft): which trace this answer belongs to.
        if (view.TraceParent is not null) response.Headers["traceresponse"] = view.TraceParent;
        var location = $"/checkouts/{view.CheckoutId}";
        if (wait is null || view.EndedAt is null) return TypedResults.Accepted(location, view);
        response.Headers.Location = location;
        return TypedResults.Ok(view);
    }
}
