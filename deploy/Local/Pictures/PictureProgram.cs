using System.Xml.Linq;
using Checkout.Local.Demo;
using Checkout.Local.Events;

namespace Checkout.Local.Pictures;

/// <summary>The picture command: plays the race for the one Palm and draws what really happened.</summary>
internal static class PictureProgram
{
    private const int Players = 2;

    // A fresh process compiles what it first runs (seen: 738 ms for the first checkout, 43 ms for the hundredth).
    private const int WarmUp = 20;
    private const long GorillaCoins = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Task<int> RunAsync(LocalOptions options, FileInfo file, CancellationToken stop) =>
        DemoProgram.RunAsync(options, (system, token) => RecordAsync(system, file, token), stop);

    private static async Task<int> RecordAsync(RunningSystem system, FileInfo file, CancellationToken stop)
    {
        using var game = new Game(system);
        var run = Guid.CreateVersion7().ToString("N");
        await WarmUpAsync(game, run, stop);
        var race = new PalmRace(system, game);
        await race.OnePalmAsync(run, stop);
        var players = Enumerable.Range(1, Players)
            .Select(i => game.CustomerAsync($"player-{i}-{run}", PalmRace.PriceCoins, stop));
        var racers = await race.RunAsync(await Task.WhenAll(players), stop);

        var stores = new Stores(system.Database);
        var races = new List<(Racer, IReadOnlyList<StoredEvent>)>();
        foreach (var racer in racers) races.Add((racer, await stores.OfCheckoutAsync(racer.Checkout.CheckoutId, stop)));
        file.Directory!.Create();
        await File.WriteAllTextAsync(file.FullName, RacePicture.Of(races, system.BrokerName).Draw() + "\n", stop);
        Console.WriteLine($"{file.FullName} shows the race: {string.Join(", ", racers.Select(Outcome))}");
        return 0;
    }

    private static string Outcome(Racer racer) =>
        $"{racer.Customer} {racer.Checkout.State} ({racer.Checkout.CheckoutId})";

    /// <summary>Both ends are taken: the Gorilla is bought, and the Palm is gone after the first.</summary>
    private static async Task WarmUpAsync(Game game, string run, CancellationToken stop)
    {
        for (var i = 0; i < WarmUp; i++)
        {
            await BuyAsync(game, $"gorilla-{i}-{run}", "gorilla", GorillaCoins, stop);
            await BuyAsync(game, $"palm-{i}-{run}", PalmRace.Sku, PalmRace.PriceCoins, stop);
        }
    }

    private static async Task BuyAsync(Game game, string customer, string sku, long coins, CancellationToken stop)
    {
        await game.CustomerAsync(customer, coins, stop);
        var posted = await game.BuyAsync(customer, sku, sku, stop);
        await game.EndOfAsync(customer, posted.CheckoutId, Patience, stop);
    }
}
