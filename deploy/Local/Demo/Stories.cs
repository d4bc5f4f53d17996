using System.Globalization;
using avatarstore.game;

namespace Checkout.Local.Demo;

/// <summary>
/// The talk's stories, each played with customers of its own so that the demo can be played again on the same data.
/// </summary>
internal sealed class Stories(RunningSystem system, Game game, TextWriter output)
{
    private const int Racers = 50;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _run =
        Guid.CreateVersion7().ToString("N")[4..12]
            + Random.Shared.Next(100, 1000).ToString(CultureInfo.InvariantCulture);
    private int _failures;

    /// <summary>How many stories did not end as told.</summary>
    public async Task<int> PlayAsync(CancellationToken stop)
    {
        await StoryAsync("A Gorilla bought", () => BuyGorillaAsync(stop));
        await StoryAsync("The same post sent again", () => SamePostAgainAsync(stop));
        await StoryAsync("A customer without coins", () => WithoutCoinsAsync(stop));
        await StoryAsync("A daily reward claimed twice", () => RewardTwiceAsync(stop));
        await StoryAsync($"{Racers} customers race for the one Palm", () => RaceAsync(stop));
        await StoryAsync("Balance is stopped while a checkout is under way", () => BalanceStoppedAsync(stop));
        return _failures;
    }

    private async Task StoryAsync(string title, Func<Task> play)
    {
        await output.WriteLineAsync($"\n{title}");
        try
        {
            await play();
        }
        catch (Exception e) when (e is TimeoutException or HttpRequestException)
        {
            Expect(false, e.Message);
        }
    }

    private async Task BuyGorillaAsync(CancellationToken stop)
    {
        var customer = await CustomerWithAsync("gorilla-fan", 500, stop);
        var ended = await BuyAndFollowAsync(customer, "gorilla", stop);
        Expect(ended.State == "completed", "it is completed");
        Expect(
            (await game.AvatarsAsync(customer, stop)).SequenceEqual(["gorilla"])
                && await game.CoinsAsync(customer, stop) == 0,
            "the customer has the Gorilla, and 500 coins less");
    }

    private async Task SamePostAgainAsync(CancellationToken stop)
    {
        var customer = await CustomerWithAsync("impatient", 1_000, stop);
        var first = await game.BuyAsync(customer, "gorilla", "purchase-1", stop);
        var again = await Task.WhenAll(
            Enumerable.Range(0, 5).Select(_ => game.BuyAsync(customer, "gorilla", "purchase-1", stop)));
        Tell(customer, await game.EndOfAsync(customer, first.CheckoutId, Patience, stop));
        Expect(
            again.All(a => a.CheckoutId == first.CheckoutId),
            "five more posts with the same key are the same checkout");
        using var other = await game.PostAsync(customer, "tiger", "purchase-1", stop);
        Expect((int)other.StatusCode == 422, "the same key with another body is refused (422)");
        Expect(await game.CoinsAsync(customer, stop) == 500, "500 coins were taken, once");
    }

    private async Task WithoutCoinsAsync(CancellationToken stop)
    {
        var customer = await CustomerWithAsync("poor", 10, stop);
        var ended = await BuyAndFollowAsync(customer, "gorilla", stop);
        Expect(ended is { State: "failed", Reason: "INSUFFICIENT_FUNDS" }, "it failed, for insufficient funds");
        Expect(await game.CoinsAsync(customer, stop) == 10, "no coin was taken");
    }

    private async Task RewardTwiceAsync(CancellationToken stop)
    {
        var customer = Name("daily");
        // Two messages, with ids of their own, about the same day's reward; and one about the next day, after which
        // both must have been handled.
        for (var i = 0; i < 2; i++) await game.TellAsync(Reward(customer, new(2026, 1, 1)), customer, stop);
        await game.TellAsync(Reward(customer, new(2026, 1, 2)), customer, stop);
        await game.UntilCoinsAsync(customer, 200, Patience, stop);
        Expect(true, "two claims of one day and one of the next gave 100 coins each day: 200");
    }

    private async Task RaceAsync(CancellationToken stop)
    {
        var race = new PalmRace(system, game);
        await race.OnePalmAsync(_run, stop);
        var customers = await Task.WhenAll(
            Enumerable.Range(1, Racers).Select(i => CustomerWithAsync($"racer-{i}", PalmRace.PriceCoins, stop)));
        var racers = await race.RunAsync(customers, stop);

        var winners = racers.Where(r => r.Checkout.State == "completed").ToList();
        var losers = racers.Where(r => r.Checkout is { State: "refunded", Reason: "SOLD_OUT" }).ToList();
        foreach (var racer in winners.Take(1).Concat(losers.Take(1))) Tell(racer.Customer, racer.Checkout);
        var coins = await Task.WhenAll(losers.Select(l => game.CoinsAsync(l.Customer, stop)));
        Expect(
            winners.Count == 1 && await game.StockAsync(PalmRace.Sku, stop) == 0,
            $"exactly one has it ({winners.Count})");
        Expect(
            losers.Count == Racers - 1 && coins.All(c => c == PalmRace.PriceCoins),
            $"{losers.Count} have their coins back");
    }

    private async Task BalanceStoppedAsync(CancellationToken stop)
    {
        var customer = await CustomerWithAsync("patient", 500, stop);
        await game.ControlAsync("balance", "stop", stop);
        CheckoutSeen waiting;
        try
        {
            var posted = await game.BuyAsync(customer, "gorilla", "while-stopped", stop);
            await output.WriteLineAsync("  Balance is stopped; the checkout is accepted all the same");
            waiting = await game.SeeAsync(customer, posted.CheckoutId, stop);
            Expect(waiting.State == "pending", $"it is pending and waits for {waiting.WaitingFor}");
        }
        finally
        {
            await game.ControlAsync("balance", "start", stop);
        }
        await output.WriteLineAsync("  Balance is started again");
        var ended = await game.EndOfAsync(customer, waiting.CheckoutId, Patience, stop);
        Tell(customer, ended);
        Expect(ended.State == "completed", "it is completed");
    }

    private Task<string> CustomerWithAsync(string name, long coins, CancellationToken stop) =>
        game.CustomerAsync(Name(name), coins, stop);

    private async Task<CheckoutSeen> BuyAndFollowAsync(string customer, string sku, CancellationToken stop)
    {
        var posted = await game.BuyAsync(customer, sku, "purchase-1", stop);
        var ended = await game.EndOfAsync(customer, posted.CheckoutId, Patience, stop);
        Tell(customer, ended);
        return ended;
    }

    private void Tell(string customer, CheckoutSeen checkout)
    {
        output.WriteLine(
            $"  {customer} buys {checkout.Sku} for {checkout.PriceCoins:N0} coins, trace "
                + (system.Traces?.LinkTo(checkout.TraceId) ?? checkout.TraceId));
        DateTime? before = null;
        foreach (var step in checkout.Timeline)
        {
            var since = before is null ? "" : $"+{(step.At - before.Value).TotalMilliseconds:F1} ms";
            output.WriteLine($"    {since,12}  {step.Event,-20} {step.Source}");
            before = step.At;
        }
        var inAll = (checkout.EndedAt - checkout.CreatedAt)?.TotalMilliseconds;
        var reason = checkout.Reason is { } given ? $", {given}" : "";
        output.WriteLine($"    {inAll,9:F1} ms  in all: {checkout.State}{reason}");
    }

    private void Expect(bool holds, string what)
    {
        if (!holds) _failures++;
        output.WriteLine($"  {(holds ? "yes" : "NO ")}  {what}");
    }

    private string Name(string name) => $"{name}-{_run}";

    private static DailyRewardClaimed Reward(string customer, DateTime day) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = DateTime.UtcNow,
        CustomerId = customer,
        Day = DateTime.SpecifyKind(day, DateTimeKind.Utc),
        Coins = 100,
    };
}
