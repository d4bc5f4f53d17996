using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Npgsql;

namespace Checkout.Benchmarks;

/// <summary>
/// First what the machine completes, by as many clients as it needs, who each wait for the end of one purchase before
/// the next. Then several times as many posts a second, whatever becomes of those before: how many are accepted, and
/// when they end. Clients run on the same machine.
/// </summary>
internal static class OverloadBenchmark
{
    private const int Customers = 4_000;
    private const int Clients = 200;
    private static readonly TimeSpan Objective = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(TimeSpan lasts, int times, bool inMemory, CancellationToken cancel)
    {
        using var workspace = new Workspace();
        await using var shop = await RunningShop.OpenAsync(workspace["system"], Customers, inMemory,
            new Dictionary<string, string?>(), cancel);
        Console.WriteLine($"{Machine.Now}, {shop.Broker}");
        var next = 0;
        var completes = await CompletesAsync(shop, () => Interlocked.Increment(ref next), cancel);
        Say($"{Clients} clients that wait: {completes:F0} checkouts/s completed");

        var offered = times * completes;
        var posts = await PostAsync(shop, offered, lasts, () => Interlocked.Increment(ref next), cancel);
        await RunningShop.UntilAsync(async () => await shop.ScalarAsync<long>("store",
            "SELECT count(*) FROM checkouts WHERE ended_at IS NULL", cancel) == 0, cancel);
        await TellAsync(shop, posts, offered, lasts, cancel);
        return 0;
    }

    private static async Task<double> CompletesAsync(RunningShop shop, Func<int> next, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var clients = Enumerable.Range(0, Clients).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                var (customer, sku) = shop.Purchase(next());
                using var post = shop.Post(customer, sku, Guid.NewGuid().ToString("N"));
                post.Headers.Add("Prefer", "wait=30");
                using var answer = await shop.Http.SendAsync(post, cancel);
            }
        }).ToList();
        await Task.Delay(WarmUp, cancel);
        var from = DateTime.UtcNow;
        await Task.Delay(Measured, cancel);
        var completed = await shop.ScalarAsync<long>("store",
            $"SELECT count(*) FROM checkouts WHERE ended_at BETWEEN '{from:O}' AND '{from + Measured:O}'", cancel);
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        return completed / Measured.TotalSeconds;
    }

    /// <summary>At its moment, however long those before take.</summary>
    private static async Task<IReadOnlyCollection<Posted>> PostAsync(RunningShop shop, double perSecond, TimeSpan lasts,
        Func<int> next, CancellationToken cancel)
    {
        var posted = new ConcurrentQueue<Posted>();
        var sending = new List<Task>();
        var clock = Stopwatch.StartNew();
        var told = Told;
        for (var sent = 0L; clock.Elapsed < lasts; await Task.Delay(Tick, cancel))
        {
            for (; sent < clock.Elapsed.TotalSeconds * perSecond; sent++) sending.Add(SendAsync());
            if (clock.Elapsed < told) continue;
            told += Told;
            sending.RemoveAll(task => task.IsCompletedSuccessfully);
            Say($"  {clock.Elapsed.TotalSeconds,4:F0} s: {sending.Count} posts open, "
                + $"{await shop.MetricAsync("checkouts_under_way", cancel)} under way, "
                + $"{await shop.MetricAsync("checkouts_stuck", cancel)} stuck, "
                + $"{await shop.MetricAsync("checkouts_ends_per_second", cancel):F0} end a second");
        }
        await Task.WhenAll(sending);
        return posted;

        async Task SendAsync()
        {
            var (customer, sku) = shop.Purchase(next());
            using var post = shop.Post(customer, sku, Guid.NewGuid().ToString("N"));
            var at = DateTime.UtcNow;
            var took = Stopwatch.StartNew();
            using var answer = await shop.Http.SendAsync(post, cancel);
            var location = answer.Headers.Location?.OriginalString;
            posted.Enqueue(new(at, took.Elapsed.TotalMilliseconds, answer.StatusCode,
                answer.StatusCode == HttpStatusCode.Accepted ? Guid.Parse(location!.Split('/')[^1]) : null));
        }
    }

    private static async Task TellAsync(RunningShop shop, IReadOnlyCollection<Posted> posts, double offered,
        TimeSpan lasts, CancellationToken cancel)
    {
        var ends = new Dictionary<Guid, (DateTime Created, DateTime Ended)>();
        await using (var store = await shop.OpenAsync("store", cancel))
        await using (var all = new NpgsqlCommand("SELECT checkout_id, created_at, ended_at FROM checkouts", store))
        await using (var rows = await all.ExecuteReaderAsync(cancel))
            while (await rows.ReadAsync(cancel))
                ends[rows.GetGuid(0)] = (rows.GetDateTime(1), rows.GetDateTime(2));
        var accepted = posts.Where(post => post.CheckoutId is not null).ToList();
        var others = posts.Where(post => post.CheckoutId is null).GroupBy(post => post.Status)
            .Select(some => $"{some.Count() / lasts.TotalSeconds:F0}/s {(int)some.Key}");
        Say($"{offered:F0} posts/s for {lasts.TotalSeconds:F0} s: {accepted.Count / lasts.TotalSeconds:F0}/s accepted, "
            + string.Join(", ", others));
        Tell("answer to a post that is accepted, ms", accepted.Select(post => post.TookMs));
        Tell("answer to a post that is refused, ms", posts.Except(accepted).Select(post => post.TookMs));
        Tell("created to ended, ms", accepted.Select(post =>
            (ends[post.CheckoutId!.Value].Ended - ends[post.CheckoutId!.Value].Created).TotalMilliseconds));
        var times = accepted.Select(post => (ends[post.CheckoutId!.Value].Ended - post.At).TotalMilliseconds).ToList();
        Tell("sent by the client to ended, ms", times);
        Say($"  within the objective of {Objective.TotalSeconds:F0} s: "
            + $"{100.0 * times.Count(ms => ms <= Objective.TotalMilliseconds) / Math.Max(1, times.Count):F2} %");
    }

    private static void Tell(string what, IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        if (sorted.Count > 0)
            Say($"  {what,-40} p50 {sorted[sorted.Count / 2],7:F0}  p99 {sorted[(int)(sorted.Count * 0.99)],7:F0}  "
                + $"max {sorted[^1],7:F0}");
    }

    private static void Say(string text) => Console.WriteLine(text);

    private sealed record Posted(DateTime At, double TookMs, HttpStatusCode Status, Guid? CheckoutId);
}
