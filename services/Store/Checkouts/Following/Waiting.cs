using Checkout.Chassis.Edge;

namespace Checkout.Store.Checkouts.Following;

/// <summary>A request that is answered when its checkout has ended, or after a while as it is then.</summary>
public sealed class Waiting(Followers followers, CheckoutQueries queries, CheckoutOptions options,
    IHostApplicationLifetime life, TimeProvider time)
{
    /// <summary>
    /// Before the checkout is made or read, so that no wake-up is missed; to be disposed of. Null where nobody wants to
    /// wait, or too many do: then it is answered at once.
    /// </summary>
    public Follower? Begin(Guid checkoutId, TimeSpan? wait) =>
        wait > TimeSpan.Zero ? followers.TryFollow(checkoutId) : null;

    /// <summary>
    /// What ?wait=SECONDS of the request says; null where it says nothing.
    /// </summary>
    /// <exception cref="RequestRefusedException">It is there, and no whole number of seconds.</exception>
    public static TimeSpan? Asked(HttpRequest request) => !request.Query.TryGetValue("wait", out var sent) ? null
        : (sent.Count == 1 ? Preferences.Seconds(sent[0]) : null) ?? throw StoreProblems.NotATimeToWait.Refused(
            $"Give wait once and as whole seconds, such as wait=5; {Preferences.LongestWait.TotalSeconds:F0} is the "
                + "most that is waited.");

    /// <summary>
    /// For a post: its own checkout, which was followed before it was made, or the one that had its key before.
    /// </summary>
    public async Task<CheckoutStory> EndAsync(CheckoutStory story, string? customerId, Follower? ofOwn, TimeSpan wait,
        HttpResponse response, CancellationToken request)
    {
        using var ofOther = ofOwn is null || ofOwn.CheckoutId == story.CheckoutId ? null
            : followers.TryFollow(story.CheckoutId);
        if ((ofOther ?? ofOwn) is not { } follower || follower.CheckoutId != story.CheckoutId) return story;
        // It was read before it was followed.
        if (follower == ofOther) follower.TellToLook();
        Preferences.Applied(response, wait);
        return await EndAsync(story, customerId, follower, wait, request);
    }

    /// <summary>As soon as it has ended; as it is when the time is up, or this process ends.</summary>
    public async Task<CheckoutStory> EndAsync(CheckoutStory story, string? customerId, Follower follower, TimeSpan wait,
        CancellationToken request)
    {
        if (story.HasEnded) return story;
        var live = new LiveCheckout(story, customerId, follower, queries, StepsKnown.Nothing);
        using var timeIsUp = new CancellationTokenSource(wait, time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(timeIsUp.Token, life.ApplicationStopping,
            request);
        try
        {
            while (!live.Story.HasEnded) await live.ChangedAsync(options.Heartbeat, waiting.Token, request);
        }
        catch (OperationCanceledException) when (!request.IsCancellationRequested)
        {
            // As it is now.
        }
        return live.Story;
    }
}
