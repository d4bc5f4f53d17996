using System.Collections.Concurrent;
using System.Net;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Xunit;

namespace Checkout.EndToEnd.Kills;

/// <summary>
/// Fifty customers who post twenty checkouts each, all customers at once, and who send a post again with the same key
/// until it is accepted. Every fifth is poor; some packages are rare, and some are bought twice.
/// </summary>
internal sealed class Crowd
{
    public const int Customers = 50;
    public const int PostsEach = 20;
    public const int All = Customers * PostsEach;
    private const int Kinds = 17;
    private const int RareKinds = 3;
    private const int RarePieces = 5;
    private const long Price = 10;
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(200);

    private readonly TestSystem _system;
    private readonly string _run = Guid.NewGuid().ToString("N")[..8];
    private readonly string[] _customers;
    private readonly ConcurrentDictionary<(string Customer, int Post), Guid> _accepted = new();
    private int _retries;

    private Crowd(TestSystem system)
    {
        _system = system;
        _customers = Enumerable.Range(0, Customers).Select(i => Players.NewName($"crowd-{i}")).ToArray();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public int Accepted => _accepted.Count;

    /// <summary>Posts that had to be sent again.</summary>
    public int Retries => _retries;

    public static async Task<Crowd> GatherAsync(TestSystem system)
    {
        var crowd = new Crowd(system);
        await system.OfferAsync(Enumerable.Range(0, Kinds)
            .Select(kind => (crowd.Sku(kind), Price, kind < RareKinds ? (long)RarePieces : Customers)).ToArray());
        await Task.WhenAll(
            crowd._customers.Select((customer, i) =>
                system.Game.GiveAsync(customer, i % 5 == 0 ? 3 * Price : 100 * Price)));
        return crowd;
    }

    /// <summary>
    /// Returns when every post was accepted. Half of the posts wait until the gate is open, so that there is traffic on
    /// both sides of what opens it.
    /// </summary>
    public Task PostAsync(Task gate) => Task.WhenAll(_customers.Select(async customer =>
    {
        for (var post = 0; post < PostsEach; post++)
        {
            if (post == PostsEach / 2) await gate.WaitAsync(Cancel);
            _accepted[(customer, post)] = await AcceptedAsync(customer, post);
        }
    }));

    public Task UntilAcceptedAsync(int posts) =>
        Eventually.Until(() => Accepted >= posts, $"{posts} posts are accepted", Players.Patience);

    /// <summary>
    /// Each post is one checkout, which has ended in one of the four ways; the same posts sent once more are the same
    /// checkouts.
    /// </summary>
    public async Task AssertEndedAsync()
    {
        Assert.Equal(All, _accepted.Values.Distinct().Count());
        var ended = new ConcurrentBag<CheckoutSeen>();
        await Parallel.ForEachAsync(_accepted,
            new ParallelOptions { MaxDegreeOfParallelism = Customers, CancellationToken = Cancel },
            async (a, stop) =>
                ended.Add(await _system.Game.EndOfAsync(a.Key.Customer, a.Value, Players.Patience, stop)));

        var ways = ended.CountBy(c => c.Reason is null ? c.State : $"{c.State} {c.Reason}").ToDictionary();
        TestLog.Say($"  {Retries} posts sent again; "
            + $"{string.Join(", ", ways.OrderBy(w => w.Key).Select(w => $"{w.Value} {w.Key}"))}");
        Assert.Equal(["completed", "failed INSUFFICIENT_FUNDS", "refunded ALREADY_OWNED", "refunded SOLD_OUT"],
            ways.Keys.Order());
        Assert.All(Enumerable.Range(0, RareKinds),
            kind => Assert.Equal(RarePieces, ended.Count(c => c.Sku == Sku(kind) && c.State == "completed")));

        var again = await Task.WhenAll(_accepted.Where((_, i) => i % 20 == 0)
            .Select(async a => (First: a.Value, Again: await AcceptedAsync(a.Key.Customer, a.Key.Post))));
        Assert.All(again, a => Assert.Equal(a.First, a.Again));
    }

    private string Sku(int kind) => $"kind-{_run}-{kind}";

    private async Task<Guid> AcceptedAsync(string customer, int post)
    {
        while (true)
            try
            {
                return (await _system.Game.BuyAsync(customer, Sku(post % Kinds), $"post-{post}", Cancel)).CheckoutId;
            }
            catch (HttpRequestException e) when (e.StatusCode is null or HttpStatusCode.ServiceUnavailable)
            {
                Interlocked.Increment(ref _retries);
                await Task.Delay(TryAgainAfter, Cancel);
            }
    }
}
