using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Identity;

namespace Checkout.Store.Checkouts.Following;

/// <summary>GET /checkouts/{id}/events: a checkout each time that something is new in it, until it ended.</summary>
public static class StreamApi
{
    /// <summary>Under way.</summary>
    private const string CheckoutEvent = "checkout";
    /// <summary>The last one.</summary>
    private const string EndedEvent = "ended";

    public static void Map(WebApplication app) =>
        // A stream lasts as long as it is wanted: it says nothing about how fast requests are answered.
        app.MapRead("/checkouts/{id:guid}/events", FollowAsync).DisableHttpMetrics()
            .Describe(CheckoutOperations.Follow);

    private static async Task<IResult> FollowAsync(Guid id, Caller caller, HttpContext http, Followers followers,
        CheckoutQueries queries, CheckoutOptions options, TimeProvider time, IHostApplicationLifetime life,
        CancellationToken request)
    {
        using var follower = followers.TryFollow(id);
        if (follower is null)
            return StoreProblems.TooManyStreams.With("This instance has as many open streams as it takes; come again, "
                + "or ask for the checkout itself.");
        if (await queries.StoryAsync(id, caller.Sees, request).InTimeAsync(request) is not { } story)
            return StoreProblems.UnknownCheckout.With($"{caller.Sees ?? "Nobody"} has no checkout {id}.");
        var known = StepsKnown.Parse(EventStream.LastEventId(http.Request));
        // It has been told all there will ever be; to EventSource, 204 says not to come again.
        if (story.HasEnded && known.Covers(story)) return TypedResults.NoContent();
        var stream = new EventStream(http.Response);
        if (HttpMethods.IsHead(http.Request.Method)) stream.SetHeaders();
        else
            await SendAsync(stream, new(story, caller.Sees, follower, queries, known), known, options.Heartbeat, time,
                life.ApplicationStopping, request);
        return TypedResults.Empty;
    }

    private static async Task SendAsync(EventStream stream, LiveCheckout live, StepsKnown known, TimeSpan heartbeat,
        TimeProvider time, CancellationToken stopping, CancellationToken request)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stopping, request);
        try
        {
            await stream.BeginAsync(ends.Token);
            while (true)
            {
                var story = live.Story;
                if (!known.Covers(story))
                {
                    known = StepsKnown.Of(story);
                    await stream.SendAsync(story.HasEnded ? EndedEvent : CheckoutEvent, known.ToString(),
                        story.View(time.GetUtcNow().UtcDateTime), ends.Token);
                }
                if (story.HasEnded) return;
                if (!await live.ChangedAsync(heartbeat, ends.Token, ends.Token)) await stream.PingAsync(ends.Token);
            }
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The client is gone, or this process ends: the client comes again, and goes on where it was.
        }
    }
}
