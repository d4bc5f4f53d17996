using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.WireFormat;
using Checkout.Contracts;
using Checkout.Local.Demo;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Checkout.Benchmarks;

/// <summary>
/// Streams of checkouts that wait are opened on one instance of Store, and stay open. Beside them checkouts are posted
/// and followed, one after the other at a steady rate: from the event, and from its arrival at a plain consumer in this
/// process, until the client has it.
/// </summary>
internal static class StreamsBenchmark
{
    private const int FollowedCheckouts = 600;
    private const int PerSecond = 20;
    private const int WarmUp = 50;
    private static readonly TimeSpan Settles = TimeSpan.FromSeconds(20);

    public static async Task<int> RunAsync(int streams, bool inMemory, CancellationToken cancel)
    {
        using var workspace = new Workspace();
        await using var shop = await RunningShop.OpenAsync(workspace["system"], FollowedCheckouts + WarmUp, inMemory,
            // All that wait are under way, and no sign of overload here.
            new Dictionary<string, string?> { ["Checkouts__SurelyUnderWay"] = $"{2 * streams + 1_000}" }, cancel);
        Console.WriteLine($"{Machine.Now}, {shop.Broker}");
        var waiting = await WaitingAsync(shop, streams, cancel);
        for (var i = 0; i < WarmUp; i++) await FollowAsync(shop, FollowedCheckouts + i, new(), cancel);
        await Task.Delay(Settles, cancel);
        var before = ResidentKiB(shop);

        var (open, ended) = (0, false);
        var readers = waiting.Select(w => ReadAsync(w.Customer, w.Checkout)).ToList();
        await RunningShop.UntilAsync(() => Task.FromResult(Volatile.Read(ref open) == streams), cancel);
        await Task.Delay(Settles, cancel);
        var after = ResidentKiB(shop);
        Say($"{streams} streams open: Store's resident memory {before / 1024} -> {after / 1024} MiB, "
            + $"{(double)(after - before) / streams:F1} KiB a stream");

        await MeasureAsync(shop, cancel);
        Say($"Resident memory behind it {ResidentKiB(shop) / 1024} MiB, "
            + $"{await shop.MetricAsync("checkouts_followers", cancel)} streams open");
        ended = true;
        await shop.System["store"].StopAsync();
        await Task.WhenAll(readers);
        return 0;

        async Task ReadAsync(string customer, Guid checkout)
        {
            await foreach (var _ in Messages(shop, customer, checkout, cancel)) Interlocked.Increment(ref open);
            if (!ended) throw new InvalidOperationException("A stream ended by itself.");
        }
    }

    private static async Task MeasureAsync(RunningShop shop, CancellationToken cancel)
    {
        var heard = new ConcurrentDictionary<(string Checkout, string Step), DateTime>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var began = new TaskCompletionSource();
        var reader = new GrouplessReader(
            new() { BootstrapServers = shop.System.Broker.Bootstrap, InMemory = shop.System.Broker.IsInMemory },
            "benchmark", [Topics.StoreCheckouts, Topics.BalanceAccounts, Topics.InventoryAvatars],
            () => began.TrySetResult(), consumed =>
            {
                var record = Incoming.From(consumed);
                if (record.Header(EventHeaders.Correlation) is { } checkout)
                    heard[(checkout, record.Header(EventHeaders.Type)!.Split('.')[^1])] = DateTime.UtcNow;
            }, TimeProvider.System, NullLogger.Instance);
        var reading = reader.RunAsync(stop.Token);
        await began.Task;
        var came = new ConcurrentBag<Came>();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / PerSecond));
        var following = new List<Task>();
        for (var i = 0; i < FollowedCheckouts && await timer.WaitForNextTickAsync(cancel); i++)
            following.Add(FollowAsync(shop, i, came, cancel));
        await Task.WhenAll(following);
        await stop.CancelAsync();
        await reading;
        Say($"{FollowedCheckouts} checkouts followed beside them, {PerSecond} a second; {came.Count} steps came:");
        Tell("from the event's own time to the client, ms", came.Select(c => (c.At - c.Happened).TotalMilliseconds));
        Tell("later than at a plain consumer, ms", came.Where(c => heard.ContainsKey((c.Checkout, c.Step)))
            .Select(c => (c.At - heard[(c.Checkout, c.Step)]).TotalMilliseconds));
    }

    /// <summary>Checkouts that do not go on: what Balance hears of their customers is parked behind another.</summary>
    private static async Task<List<(string Customer, Guid Checkout)>> WaitingAsync(RunningShop shop, int count,
        CancellationToken cancel)
    {
        var customers = Enumerable.Range(0, count).Select(i => $"waits-{i}").ToArray();
        await using (var balance = await shop.OpenAsync("balance", cancel))
        await using (var park = new NpgsqlCommand(
            """
            INSERT INTO parked (topic, partition, position, key, headers, reason, blocks)
            SELECT 'store.checkouts', 0, -ordinal, customer, '{}', 'benchmark', true
            FROM unnest($1) WITH ORDINALITY AS c(customer, ordinal)
            """, balance)
        { Parameters = { new() { Value = customers } } })
            await park.ExecuteNonQueryAsync(cancel);
        using var game = new Game(shop.System.Addresses);
        var posted = new List<(string, Guid)>();
        foreach (var customer in customers)
            posted.Add((customer, (await game.BuyAsync(customer, "gorilla", "k", cancel)).CheckoutId));
        return posted;
    }

    private static async Task FollowAsync(RunningShop shop, int n, ConcurrentBag<Came> came, CancellationToken cancel)
    {
        var (customer, sku) = shop.Purchase(n);
        using var post = shop.Post(customer, sku, "followed");
        using var answer = await shop.Http.SendAsync(post, cancel);
        var checkout = (await answer.EnsureSuccessStatusCode().Content
            .ReadFromJsonAsync<CheckoutSeen>(JsonSerializerOptions.Web, cancel))!.CheckoutId;
        // What the first message has was there before the stream was.
        HashSet<string>? known = null;
        await foreach (var (message, at) in Messages(shop, customer, checkout, cancel))
        {
            foreach (var step in message.Timeline.Where(step => known?.Contains(step.Event) == false))
                came.Add(new($"{checkout}", step.Event, step.At, at));
            known = [.. message.Timeline.Select(step => step.Event)];
        }
    }

    private static async IAsyncEnumerable<(CheckoutSeen Checkout, DateTime At)> Messages(RunningShop shop,
        string customer, Guid checkout,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        using var request = shop.Authorized(
            new(HttpMethod.Get, $"{shop.System.Addresses.Store}/checkouts/{checkout}/events"), customer);
        using var answer = await shop.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        await using var body = await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(cancel);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(cancel))
        {
            var at = DateTime.UtcNow;
            yield return (JsonSerializer.Deserialize<CheckoutSeen>(item.Data, JsonSerializerOptions.Web)!, at);
        }
    }

    private static long ResidentKiB(RunningShop shop) => long.Parse(
        File.ReadLines($"/proc/{shop.System["store"].Pid}/status")
            .First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ')[^2],
        CultureInfo.InvariantCulture);

    private static void Tell(string what, IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        Say($"  {what,-45} p50 {sorted[sorted.Count / 2]:F1}  p99 {sorted[(int)(sorted.Count * 0.99)]:F1}  "
            + $"max {sorted[^1]:F1}");
    }

    private static void Say(string text) => Console.WriteLine(text);

    private sealed record Came(string Checkout, string Step, DateTime Happened, DateTime At);
}
