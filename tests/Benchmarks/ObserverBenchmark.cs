using System.Diagnostics;
using System.Globalization;
using Checkout.Local;

namespace Checkout.Benchmarks;

/// <summary>
/// Posts as fast as clients get their answers, and what the Observer judges of it meanwhile, on the machine that all
/// share. Then it reads all of it again from the topics' starts with nothing else to do, by its own command: what it
/// can, beside what the system makes.
/// </summary>
internal static class ObserverBenchmark
{
    private const int Customers = 4_000;
    private const int Clients = 300;
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(TimeSpan lasts, bool inMemory, CancellationToken cancel)
    {
        using var workspace = new Workspace();
        await using var shop = await RunningShop.OpenAsync(workspace["system"], Customers, inMemory,
            new Dictionary<string, string?>(), cancel, observed: true);
        Console.WriteLine($"{Machine.Now}, {shop.Broker}");
        await UntilJudgedAsync(shop, cancel);

        var (before, cpuBefore) = (await EventsAsync(shop, cancel), Cpu(shop));
        var clock = Stopwatch.StartNew();
        var (peak, worst) = await LoadAsync(shop, lasts, cancel);
        var took = clock.Elapsed;
        var behind = await EventsAsync(shop, cancel) - await JudgedAsync(shop, cancel);
        var caughtUp = Stopwatch.StartNew();
        await UntilJudgedAsync(shop, cancel);
        var all = await EventsAsync(shop, cancel);
        var made = all - before;
        Say($"{Clients} clients for {took.TotalSeconds:F0} s: {made / took.TotalSeconds:F0} events/s, at the most "
            + $"{peak:F0} in {Told.TotalSeconds:F0} s");
        Say($"  the Observer was {worst:F1} s behind at the worst, and had all {caughtUp.Elapsed.TotalSeconds:F1} s "
            + $"after the end ({behind} events)");
        Say($"  its CPU {(Cpu(shop) - cpuBefore) * 1e6 / made:F0} µs an event");

        var rebuilt = await RebuildAsync(shop, cancel);
        Say($"Read again, nothing beside: {rebuilt:F0} events/s, {rebuilt / peak:F2} of the most that the system made");
        return 0;
    }

    /// <returns>The most events a second that came, and the worst age of what the audit said, in seconds.</returns>
    private static async Task<(double Peak, double Worst)> LoadAsync(RunningShop shop, TimeSpan lasts,
        CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        stop.CancelAfter(lasts);
        var next = 0;
        var clients = Enumerable.Range(0, Clients).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                var (customer, sku) = shop.Purchase(Interlocked.Increment(ref next));
                using var post = shop.Post(customer, sku, Guid.NewGuid().ToString("N"));
                using var answer = await shop.Http.SendAsync(post, cancel);
                // As a client that is told to wait.
                if (!answer.IsSuccessStatusCode) await Task.Delay(answer.Headers.RetryAfter?.Delta ?? Told, cancel);
            }
        }).ToList();
        var (peak, worst) = (0.0, 0.0);
        var (clock, at, last) = (Stopwatch.StartNew(), TimeSpan.Zero, await EventsAsync(shop, cancel));
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(Told, cancel);
            var (now, events) = (clock.Elapsed, await EventsAsync(shop, cancel));
            var (age, judged) = (await AgeAsync(shop, cancel), await JudgedAsync(shop, cancel));
            var rate = (events - last) / (now - at).TotalSeconds;
            (peak, worst, at, last) = (Math.Max(peak, rate), Math.Max(worst, age), now, events);
            Say($"  {now.TotalSeconds,4:F0} s: {rate,6:F0} events/s, the audit {age:F1} s and {events - judged} events "
                + "behind");
        }
        await Task.WhenAll(clients);
        return (peak, worst);
    }

    private static async Task<double> RebuildAsync(RunningShop shop, CancellationToken cancel)
    {
        await RunningShop.UntilAsync(async () => await shop.ScalarAsync<long>("store",
            "SELECT count(*) FROM checkouts WHERE ended_at IS NULL", cancel) == 0, cancel);
        await UntilJudgedAsync(shop, cancel);
        var judged = await JudgedAsync(shop, cancel);
        var (observer, postgres) = (Cpu(shop), Machine.CpuSeconds(shop.System.Postgres.Pid));
        var clock = Stopwatch.StartNew();
        await DemoData.RunAsync("Observer", ["rebuild"], shop.System.ObserverEnvironment(), cancel);
        var took = clock.Elapsed;
        Say($"{judged} events read again in {took.TotalSeconds:F1} s: CPU "
            + $"{(Cpu(shop) - observer) * 1e6 / judged:F0} µs an event, PostgreSQL "
            + $"{(Machine.CpuSeconds(shop.System.Postgres.Pid) - postgres) * 1e6 / judged:F0}");
        return judged / took.TotalSeconds;
    }

    private static double Cpu(RunningShop shop) =>
        Machine.CpuSeconds(shop.System["observer"].Pid!.Value);

    private static async Task UntilJudgedAsync(RunningShop shop, CancellationToken cancel) =>
        await RunningShop.UntilAsync(async () => await EventsAsync(shop, cancel) <= await JudgedAsync(shop, cancel),
            cancel);

    /// <summary>In the three stores, published or not.</summary>
    private static async Task<long> EventsAsync(RunningShop shop, CancellationToken cancel)
    {
        var sum = 0L;
        foreach (var store in new[] { "store", "balance", "inventory" })
            sum += await shop.ScalarAsync<long>(store, "SELECT position FROM head", cancel);
        return sum;
    }

    /// <summary>Of the stores' chains.</summary>
    private static Task<long> JudgedAsync(RunningShop shop, CancellationToken cancel) =>
        shop.ScalarAsync<long>("observer", "SELECT coalesce(sum(judged), 0)::bigint FROM stores", cancel);

    /// <summary>In seconds, by the Observer's database.</summary>
    private static async Task<double> AgeAsync(RunningShop shop, CancellationToken cancel) => double.Parse(
        await shop.ScalarAsync<string>("observer",
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - frontier), 0)::text FROM audit", cancel),
        CultureInfo.InvariantCulture);

    private static void Say(string text) => Console.WriteLine(text);
}
