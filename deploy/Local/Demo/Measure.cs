namespace Checkout.Local.Demo;

/// <summary>
/// Times checkouts that are sent alone, one after the other, as a game client sees them: from the post until a GET
/// shows completed.
/// </summary>
internal static class Measure
{
    private const int WarmUp = 20;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(1);

    public static async Task<int> RunAsync(
        RunningSystem system, int checkouts, TextWriter output, CancellationToken stop)
    {
        using var game = new Game(system);
        var run = Guid.CreateVersion7().ToString("N")[..12];
        var customers = Enumerable.Range(0, WarmUp + checkouts).Select(i => $"alone-{i}-{run}").ToList();
        await Task.WhenAll(customers.Select(customer => game.CustomerAsync(customer, 500, stop)));

        var seen = new List<(double ClientMs, CheckoutSeen Checkout)>();
        foreach (var customer in customers) seen.Add(await OneAsync(game, customer, stop));
        var counted = seen.Skip(WarmUp).ToList();

        await output.WriteLineAsync(
            $"{checkouts} checkouts, each sent alone, on {system.BrokerName}; milliseconds, median (99th percentile):");
        Print(output, "post to completed, as the client sees it", counted.Select(c => c.ClientMs));
        var steps = counted[0].Checkout.Timeline;
        for (var step = 1; step < steps.Count; step++)
        {
            Print(output, $"  {steps[step - 1].Event} to {steps[step].Event}", counted.Select(c =>
                (c.Checkout.Timeline[step].At - c.Checkout.Timeline[step - 1].At).TotalMilliseconds));
        }
        return 0;
    }

    private static async Task<(double ClientMs, CheckoutSeen Checkout)> OneAsync(
        Game game, string customer, CancellationToken stop)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var posted = await game.BuyAsync(customer, "gorilla", "measure", stop);
        while (true)
        {
            var seen = await game.SeeAsync(customer, posted.CheckoutId, stop);
            if (seen.HasEnded) return (clock.Elapsed.TotalMilliseconds, seen);
            await Task.Delay(PollInterval, stop);
        }
    }

    private static void Print(TextWriter output, string what, IEnumerable<double> milliseconds)
    {
        var sorted = milliseconds.Order().ToList();
        output.WriteLine($"  {what,-50} {sorted[sorted.Count / 2],8:F1} ({sorted[(int)(sorted.Count * 0.99)]:F1})");
    }
}
