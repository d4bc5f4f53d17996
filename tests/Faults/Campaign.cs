using System.Diagnostics;
using System.Globalization;
using Checkout.Servers;
using Npgsql;

namespace Checkout.Faults;

/// <summary>
/// Round after round until one is violated: load and faults, until everything is well again; then the judgement. Now
/// and then on a system made anew. What was played stands in the ledger, so that another run can go on from there.
/// </summary>
internal sealed class Campaign(CampaignOptions options, Ledger ledger, TextWriter output)
{
    /// <summary>A judgement reads all there is, so that a system that grew old would make it slow.</summary>
    private const int RoundsEachSystem = 25;

    private readonly Series _series = new(RunningProgram.Commit(), RunningProgram.Configuration,
        RunningProgram.Broker(options.InMemoryBroker), options.Selection);
    private readonly List<PlayedRound> _played = [];

    /// <summary>0 where everything held, 1 where something did not.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        var first = await BeginAsync();
        var ending = "Not played to the end";
        try
        {
            var held = await PlayAsync(first, stop);
            ending = held ? "Everything held" : "Violated";
            return held ? 0 : 1;
        }
        finally
        {
            await EndAsync(ending, clock.Elapsed);
        }
    }

    private async Task<int> BeginAsync()
    {
        var before = ledger.Read();
        var first = options.Total is null ? options.First : before.NextRound(_series, options.Seed, options.First);
        var until = options.Total is { } total
            ? Text($"on, until the ledger has {total} that held: it has {before.Held(_series)}")
            : Text($"to {first + options.Rounds - 1}");
        await output.WriteLineAsync(Text($"Seed {options.Seed}, rounds {first} {until}"));
        await output.WriteLineAsync($"Ledger {ledger.File}: {_series}");
        return first;
    }

    private async Task<bool> PlayAsync(int first, CancellationToken stop)
    {
        while (Left() is > 0 and var left)
            if (!await OnOneSystemAsync(first + _played.Count, Math.Min(RoundsEachSystem, left), stop)) return false;
        return true;
    }

    /// <summary>How many are still to be played; what others wrote into the ledger meanwhile is taken off.</summary>
    private int Left() =>
        options.Total is { } total ? total - ledger.Read().Held(_series) : options.Rounds - _played.Count;

    private async Task<bool> OnOneSystemAsync(int from, int most, CancellationToken stop)
    {
        // Named after the seed: another campaign may play beside, and what a violation left is kept.
        var folder = Path.Combine(options.Folder, Text($"seed-{options.Seed}-from-{from}"));
        var system = await FaultySystem.StartAsync(folder, options.InMemoryBroker, stop);
        var plan = Plan.Of(options.Seed, from, options.Kinds);
        var clock = Stopwatch.StartNew();
        try
        {
            var broker = system.Kafka?.Name ?? system.Local.Broker.Name;
            await output.WriteLineAsync($"A new system on {broker}, in {folder}");
            await Shop.OfferAsync(system, Enumerable.Range(from, most), stop);
            var judge = new Judge(system);
            for (var round = from; round < from + most && Left() > 0; round++)
            {
                plan = Plan.Of(options.Seed, round, options.Kinds);
                clock.Restart();
                await RoundAsync(system, judge, plan, clock, stop);
            }
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            await KeepAsync(system, plan, clock.Elapsed, e);
            await system.DisposeAsync();
            return false;
        }
        catch
        {
            await system.DisposeAsync();
            system.RemoveData();
            throw;
        }
        await system.DisposeAsync();
        await File.WriteAllLinesAsync($"{folder}.log", [.. system.Said, .. system.Mended()], stop);
        if (system.Mended().Count() is > 0 and var mended)
            await output.WriteLineAsync(Text($"{mended} clients were mended or replaced ({folder}.log)"));
        system.RemoveData();
        return true;
    }

    private async Task RoundAsync(FaultySystem system, Judge judge, Plan plan, Stopwatch clock, CancellationToken stop)
    {
        system.Say(Text($"campaign: round {plan.Round}: {string.Join(", ", plan.Faults)}"));
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
            var missing = load.Purchases.Count(p => p.CheckoutId is null);
            var patience = Text($"{Waiting.Patience.TotalSeconds:F0} s");
            throw new ViolationException($"{missing} posts were not accepted within {patience} after the faults");
        }
    }

    private async Task TellAsync(
        Plan plan, Load load, IReadOnlyDictionary<string, long> duplicates, TimeSpan healed, TimeSpan all)
    {
        Record(PlayedRound.Of(_series, plan, all) with
        {
            Checkouts = load.Purchases.Count,
            Duplicates = duplicates.Values.Sum(),
        });
        await output.WriteLineAsync(Text($"round {plan.Round,4} seed {plan.Seed}: ")
            + Text($"{load.Purchases.Count} checkouts ended, {load.Retries} posts sent again, {Told(duplicates)}, ")
            + Text($"{all.TotalSeconds:F1} s ({(all - healed).TotalSeconds:F1} s judging): ")
            + string.Join(", ", plan.Faults));
    }

    private void Record(PlayedRound round)
    {
        _played.Add(round);
        ledger.Append(round);
    }

    private static string Told(IReadOnlyDictionary<string, long> duplicates) => duplicates.Count == 0
        ? "0 duplicates" : string.Join(" and ", duplicates.Select(d => $"{d.Value} duplicates on {d.Key}"));

    /// <summary>To data and logs is added what was played, what is wrong and how to see it again.</summary>
    private async Task KeepAsync(FaultySystem system, Plan plan, TimeSpan lasted, Exception e)
    {
        var what = e is ViolationException or TimeoutException or ServerFailedException ? e.Message : e.ToString();
        Record(PlayedRound.Of(_series, plan, lasted).ViolatedBy(what));
        string[] lines =
        [
            Text($"VIOLATION in round {plan.Round} of seed {plan.Seed}: {what}"),
            $"Faults of this round: {string.Join(", ", plan.Faults)}",
            $"To play it again: {options.Replay(plan.Round)}",
            $"Data and logs are in {system.Folder}; PostgreSQL's data in {system.Postgres.DataDirectory}",
        ];
        foreach (var line in lines) await output.WriteLineAsync(line);
        await File.WriteAllLinesAsync(Path.Combine(system.Folder, "violation.txt"), [.. lines, "", .. system.Said]);
    }

    /// <summary>What this run played, a line a kind, and the verdict.</summary>
    private async Task EndAsync(string ending, TimeSpan lasted)
    {
        foreach (var line in Summary.OfKinds(_played).Prepend("").Append("")) await output.WriteLineAsync(line);
        if (options.Total is not null)
        {
            var all = ledger.Read();
            await output.WriteLineAsync(
                Text($"In the ledger: {all.Held(_series)} held, {all.Violated(_series)} violated"));
        }
        await output.WriteLineAsync(Text($"{ending}: seed {options.Seed}, {_played.Count} rounds, ")
            + Text($"{_played.Count(r => r.Alone)} of one kind alone, {_played.Sum(r => r.Checkouts)} checkouts, ")
            + Text($"{_played.Sum(r => r.Duplicates)} duplicates of documented kinds, {lasted.TotalMinutes:F1} min"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
