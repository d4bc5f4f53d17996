using System.Diagnostics;
using System.Globalization;
using Checkout.Servers;
using Npgsql;

namespace Checkout.Faults;

/// <summary>Round after round until one is violated: load and faults, until everything is well again; then the judgement. Now and then on a system made anew.</summary>
internal sealed class Campaign(CampaignOptions options, TextWriter output)
{
    /// <summary>A judgement reads all there is, so that a system that grew old would make it slow.</summary>
    private const int RoundsEachSystem = 25;

    private readonly SortedDictionary<string, int> _played = [];
    private int _checkouts;
    private long _duplicates;

    /// <summary>0 where everything held, 1 where something did not.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        var end = options.First + options.Rounds;
        await output.WriteLineAsync($"Seed {options.Seed}, rounds {options.First} to {end - 1}");
        for (var from = options.First; from < end; from += RoundsEachSystem)
            if (!await OnOneSystemAsync([.. Enumerable.Range(from, Math.Min(RoundsEachSystem, end - from))], stop)) return 1;
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"Everything held: seed {options.Seed}, {options.Rounds} rounds, {_checkouts} checkouts, {_duplicates} duplicates of documented kinds, {clock.Elapsed.TotalMinutes:F1} min"));
        await output.WriteLineAsync($"Played: {string.Join(", ", _played.Select(p => $"{p.Value} {p.Key}"))}");
        return 0;
    }

    private async Task<bool> OnOneSystemAsync(int[] rounds, CancellationToken stop)
    {
        var folder = Path.Combine(options.Folder, $"from-{rounds[0]}");
        var system = await FaultySystem.StartAsync(folder, options.InMemoryBroker, stop);
        var round = rounds[0];
        try
        {
            await output.WriteLineAsync($"A new system on {system.Kafka?.Name ?? system.Local.Broker.Name}, in {folder}");
            await Shop.OfferAsync(system, rounds, stop);
            var judge = new Judge(system);
            for (var i = 0; i < rounds.Length; i++) await RoundAsync(system, judge, round = rounds[i], stop);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            await KeepAsync(system, round, e);
            await system.DisposeAsync();
            return false;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
        await system.DisposeAsync();
        await File.WriteAllLinesAsync($"{folder}.log", system.Said, stop);
        system.RemoveData();
        return true;
    }

    private async Task RoundAsync(FaultySystem system, Judge judge, int round, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        var plan = Plan.Of(options.Seed, round, options.Kinds);
        system.Say($"campaign: round {round}: {string.Join(", ", plan.Faults)}");
        using var load = new Load(system, plan);
        await Waiting.UntilAsync("everything is well before the faults", system.NotWellAsync, stop);
        await load.FundAsync(stop);
        // A process that never answers again must not be waited for by clients that never give up.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(plan.LoadLasts + Waiting.Patience);
        system.Say("campaign: the load begins");
        var shopping = load.RunAsync(patience.Token);
        await new FaultPlayer(system, plan).PlayAsync(stop);
        await ShoppedAsync(load, shopping, stop);
        system.Say("campaign: all posts are accepted");
        await load.UntilEndedAsync(stop);
        system.Say("campaign: all checkouts have ended");
        await Waiting.UntilAsync("everything is well after the faults", system.NotWellAsync, stop);
        var healed = clock.Elapsed;
        system.Say("campaign: everything is well");
        NpgsqlConnection.ClearAllPools();
        var duplicates = await judge.JudgeAsync(plan, load, stop);
        await TellAsync(plan, load, duplicates, healed, clock.Elapsed);
    }

    private static async Task ShoppedAsync(Load load, Task shopping, CancellationToken stop)
    {
        try
        {
            await shopping;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new ViolationException($"{load.Purchases.Count(p => p.CheckoutId is null)} posts were not accepted within {Waiting.Patience.TotalSeconds:F0} s after the faults");
        }
    }

    private async Task TellAsync(Plan plan, Load load, IReadOnlyDictionary<string, long> duplicates, TimeSpan healed, TimeSpan all)
    {
        foreach (var fault in plan.Faults) _played[fault.Kind.Word()] = _played.GetValueOrDefault(fault.Kind.Word()) + 1;
        _checkouts += load.Purchases.Count;
        _duplicates += duplicates.Values.Sum();
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"round {plan.Round,4} seed {plan.Seed}: {load.Purchases.Count} checkouts ended, {load.Retries} posts sent again, {Told(duplicates)}, {all.TotalSeconds:F1} s ({(all - healed).TotalSeconds:F1} s judging): {string.Join(", ", plan.Faults)}"));
    }

    private static string Told(IReadOnlyDictionary<string, long> duplicates) =>
        duplicates.Count == 0 ? "0 duplicates" : string.Join(" and ", duplicates.Select(d => $"{d.Value} duplicates on {d.Key}"));

    /// <summary>The folder holds data and logs; what was played, what is wrong and how to see it again are put beside them.</summary>
    private async Task KeepAsync(FaultySystem system, int round, Exception e)
    {
        var plan = Plan.Of(options.Seed, round, options.Kinds);
        var what = e is ViolationException or TimeoutException or ServerFailedException ? e.Message : e.ToString();
        string[] lines =
        [
            $"VIOLATION in round {round} of seed {options.Seed}: {what}",
            $"Faults of this round: {string.Join(", ", plan.Faults)}",
            $"To play it again: {options.Replay(round)}",
            $"Data and logs are in {system.Folder}; PostgreSQL's data in {system.Postgres.DataDirectory}",
        ];
        foreach (var line in lines) await output.WriteLineAsync(line);
        await File.WriteAllLinesAsync(Path.Combine(system.Folder, "violation.txt"), [.. lines, "", .. system.Said]);
    }
}
