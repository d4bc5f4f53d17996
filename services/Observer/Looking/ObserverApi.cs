using System.Globalization;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Identity;
using Checkout.Observer.Asking;
using Checkout.Observer.Auditing;
using Npgsql;

namespace Checkout.Observer.Looking;

/// <summary>The API, for whoever has the scope support.</summary>
internal static class ObserverApi
{
    private const int DefaultLimit = 100, MaxLimit = 1_000;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    public static readonly ApiInfo Info = new("Avatar store: observer", "What an operator sees: any checkout, any "
        + "player, what is stuck and what can't be. What GET answers HEAD answers too, without the body.");

    public static void Map(WebApplication app)
    {
        app.MapRead("/checkouts/{id:guid}", LookAtCheckoutAsync).RequireAuthorization(Scopes.Support)
            .Describe(ObserverOperations.Checkout);
        app.MapRead("/customers/{customerId}", LookAtCustomerAsync).RequireAuthorization(Scopes.Support)
            .Describe(ObserverOperations.Customer);
        app.MapRead("/stuck", ListStuckAsync).RequireAuthorization(Scopes.Support).Describe(ObserverOperations.Stuck);
        app.MapRead("/violations", ListViolationsAsync).RequireAuthorization(Scopes.Support)
            .Describe(ObserverOperations.Violations);
        app.MapPost("/violations/{id:long:min(1)}/settle", SettleAsync).RequireAuthorization(Scopes.Support)
            .Describe(ObserverOperations.Settle);
        app.MapRead("/summary", async (SummaryWatch watch, CancellationToken cancellation) =>
            TypedResults.Ok(await watch.NowAsync(cancellation))).RequireAuthorization(Scopes.Support)
            .Describe(ObserverOperations.Summary);
        app.MapRead("/processes", (Processes processes) => TypedResults.Ok(ProcessList.Of(processes)))
            .RequireAuthorization(Scopes.Support).Describe(ObserverOperations.Processes);
        app.MapRead("/parked", ListParkedAsync).RequireAuthorization(Scopes.Support)
            .Describe(ObserverOperations.Parked);
        app.MapRead("/events", FollowAsync).RequireAuthorization(Scopes.Support).Describe(ObserverOperations.Follow);
    }

    private static async Task<IResult> LookAtCheckoutAsync(Guid id, CheckoutLook look,
        CancellationToken cancellation) =>
        await look.LookAsync(id, cancellation) is { } found ? TypedResults.Ok(found)
            : ProblemTypes.NotFound.With($"No event of checkout {id} is on the topics yet{look.Unpublished()}.");

    private static async Task<IResult> LookAtCustomerAsync(string customerId, HttpRequest request,
        NpgsqlDataSource database, CancellationToken cancellation)
    {
        if (OpaqueId.Problem("The customer's id", customerId) is { } problem)
            return ProblemTypes.NotAnOpaqueId.With(problem);
        var after = QueryValue.NumberOf(request, "after", least: 0, int.MaxValue) ?? 0;
        var limit = Limit(request);
        return await database.AskAsync(connection => Statement.ReadAsync(connection, customerId, after, limit,
            cancellation), cancellation) is { } found ? TypedResults.Ok(found)
            : ProblemTypes.NotFound.With($"No event of {customerId} is on the topics yet.");
    }

    private static async Task<IResult> ListStuckAsync(HttpRequest request, NpgsqlDataSource database,
        ObserverOptions options, CancellationToken cancellation)
    {
        var limit = Limit(request);
        var waitsFor = QueryValue.Of(request, "waitsFor");
        if (waitsFor is not null && !Story.Services.Contains(waitsFor))
            throw ProblemTypes.QueryNotUnderstood.Refused(
                $"The parameter waitsFor is none of {string.Join(", ", Story.Services)}.");
        return TypedResults.Ok(await database.AskAsync(connection => StuckList.ReadAsync(connection,
            options.StuckAfter, waitsFor, limit, cancellation), cancellation));
    }

    private static async Task<IResult> ListViolationsAsync(HttpRequest request, NpgsqlDataSource database,
        CancellationToken cancellation)
    {
        var limit = Limit(request);
        return TypedResults.Ok(await database.AskAsync(connection =>
            ViolationList.ReadAsync(connection, limit, cancellation), cancellation));
    }

    private static async Task<IResult> ListParkedAsync(NpgsqlDataSource database, Processes processes,
        CancellationToken cancellation) => TypedResults.Ok(await database.AskAsync(connection =>
            ParkedSeen.ReadAsync(connection, processes, cancellation), cancellation));

    private static async Task<IResult> SettleAsync(long id, HttpRequest request, Caller caller,
        NpgsqlDataSource database, TimeProvider time, SummaryWatch watch, CancellationToken cancellation)
    {
        var who = caller.Id;
        var asked = await JsonBody.ReadAsync<SettlingRequest>(request, cancellation);
        if (PlainText.Problem("why", asked.Why) is { } problem) throw ProblemTypes.BodyNotUnderstood.Refused(problem);
        var settled = await database.AskAsync(connection => ViolationList.SettleAsync(connection, id, who, asked.Why,
            time.GetUtcNow().UtcDateTime, cancellation), cancellation);
        if (settled is null) return ProblemTypes.NotFound.With($"There is no violation {id}.");
        await watch.LookAsync(cancellation);
        return TypedResults.Ok(settled);
    }

    private static async Task FollowAsync(HttpContext context, SummaryWatch watch, IHostApplicationLifetime process)
    {
        var stream = new EventStream(context.Response);
        if (HttpMethods.IsHead(context.Request.Method))
        {
            stream.SetHeaders();
            return;
        }
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted,
            process.ApplicationStopping);
        try
        {
            await stream.BeginAsync(ended.Token);
            for (var id = 1L; ; id++)
            {
                var changed = watch.Changed;
                if (watch.Now is { } now)
                    await stream.SendAsync("summary", id.ToString(CultureInfo.InvariantCulture), now, ended.Token);
                while (!changed.IsCompleted)
                {
                    await Task.WhenAny(changed, Task.Delay(Heartbeat, ended.Token));
                    ended.Token.ThrowIfCancellationRequested();
                    if (!changed.IsCompleted) await stream.PingAsync(ended.Token);
                }
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
        }
    }

    private static int Limit(HttpRequest request) =>
        QueryValue.NumberOf(request, "limit", least: 1, MaxLimit) ?? DefaultLimit;
}
