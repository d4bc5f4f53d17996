using System.Diagnostics;
using avatarstore.store;
using Checkout.Chassis;
using Checkout.Chassis.Edge;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
using Microsoft.AspNetCore.Mvc;

namespace Checkout.Store.Checkouts;

public sealed record CheckoutRequest(string Sku);

/// <summary>The edge for game clients: posting a checkout, and following it.</summary>
public static class CheckoutApi
{
    private const int MaxKeyLength = 200;
    private const int MaxSkuLength = 100;

    public static IEnumerable<string> Configure(WebApplicationBuilder builder)
    {
        var (options, problems) = Settings.Read<CheckoutOptions>(builder.Configuration.GetSection("Checkouts"),
            o => o.Problems());
        builder.Services.AddSingleton(options).AddSingleton<CheckoutQueries>();
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
            json.SerializerOptions.AllowDuplicateProperties = false;
            json.SerializerOptions.UnmappedMemberHandling =
                System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow;
        });
        return problems;
    }

    public static void Map(WebApplication app)
    {
        app.MapPost("/checkouts", PostAsync);
        app.MapGet("/checkouts/{id:guid}", GetAsync);
    }

    private static async Task<IResult> PostAsync(
        Customer? customer, [FromHeader(Name = "Idempotency-Key")] string? key, CheckoutRequest request,
        GroupCommit<StoreRows> edge, CheckoutQueries queries, CheckoutOptions options, EventStoreOptions store,
        TimeProvider time, HttpResponse response, CancellationToken cancellation)
    {
        if (customer is null) return Customer.Unknown();
        if (Unquoted(key) is not { Length: > 0 and <= MaxKeyLength } idempotencyKey)
            return Problem(400, "Idempotency key missing", $"Send a header Idempotency-Key of 1 to {MaxKeyLength} "
                + "characters, new for each purchase and the same on every try of it.");
        if (request.Sku.Length is 0 or > MaxSkuLength || request.Sku.Any(char.IsControl))
            return Problem(400, "Not a sku",
                $"Give a sku of 1 to {MaxSkuLength} characters, none of them a control character.");

        var post = new CreateCheckout(Guid.CreateVersion7(), customer.Id, idempotencyKey, request.Sku,
            Microseconds(time.GetUtcNow().UtcDateTime), options.Deadline);
        Activity.Current?.SetTag("checkout.id", post.CheckoutId.ToString());
        try
        {
            var committed = await edge.SubmitAsync(post, post.CheckoutId, cancellation);
            var (outcome, checkoutId) = CheckoutDecisions.AnswerTo(committed.Rows, post);
            // A post sent again belongs to the checkout it was; one for an unknown package to none.
            Activity.Current?.SetTag("checkout.id", checkoutId?.ToString());
            return outcome switch
            {
                PostOutcome.Created =>
                    Accepted(response,
                        CheckoutView.Of((CheckoutCreated)committed.Events[0], store.Source, Activity.Current)),
                PostOutcome.SameAsBefore =>
                    Accepted(response, (await queries.FindAsync(checkoutId!.Value, customer.Id, cancellation))!),
                PostOutcome.KeyUsedForOther => Problem(422, "Idempotency key used for another purchase",
                    "This Idempotency-Key came with another body before; send a new key for a new purchase."),
                _ => Problem(422, "Unknown package",
                    $"No package {request.Sku} is on sale; GET /packages lists what is."),
            };
        }
        catch (Exception e) when (Outage.IsOutage(e))
        {
            return Problem(503, "Not now", "The checkout could not be written. Send the same request again, with the "
                + "same Idempotency-Key: it will be one purchase.");
        }
    }

    private static async Task<IResult> GetAsync(Guid id, Customer? customer, CheckoutQueries queries,
        CancellationToken cancellation)
    {
        if (customer is null) return Customer.Unknown();
        return await queries.FindAsync(id, customer.Id, cancellation) is { } view
            ? TypedResults.Ok(view) : Problem(404, "Unknown checkout", $"Customer {customer.Id} has no checkout {id}.");
    }

    private static IResult Accepted(HttpResponse response, CheckoutView view)
    {
        // W3C Trace Context level 2 (draft): which trace this answer belongs to.
        if (view.TraceParent is not null) response.Headers["traceresponse"] = view.TraceParent;
        return TypedResults.Accepted($"/checkouts/{view.CheckoutId}", view);
    }

    private static IResult Problem(int status, string title, string detail) =>
        TypedResults.Problem(detail, statusCode: status, title: title);

    /// <summary>What events and tables keep of a time, so that the answer says the same as a later look.</summary>
    private static DateTime Microseconds(DateTime time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));

    /// <summary>The header is a structured-field string, quoted on the wire; bare ones are taken too.</summary>
    private static string? Unquoted(string? key) =>
        key?.Trim() is ['"', .. var inner, '"']
            ? inner.Replace("\\\"", "\"", StringComparison.Ordinal).Replace(@"\\", @"\", StringComparison.Ordinal)
            : key?.Trim();
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
