using System.Globalization;
using Checkout.Simulation.Model;

namespace Checkout.Simulation;

/// <summary>
/// The real rules and decisions of all services in one process, with everything that can go wrong between them, by
/// seeds. CHECKOUT_SIMULATION_SEED runs one seed, CHECKOUT_SIMULATION_SEEDS so many.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int DefaultSeeds = 300;
    private const int SeedsThatReachAll = 40;

    [Fact]
    public async Task Whatever_happens_between_the_services_every_checkout_ends_once_and_every_coin_is_accounted_for()
    {
        var failed = new List<string>();
        foreach (var seed in Seeds())
            if (await Run.OfAsync(seed, Flaws.None) is { Count: > 0 } findings)
                failed.Add($"CHECKOUT_SIMULATION_SEED={seed}: {string.Join("; ", findings.Take(5))}");
        Assert.True(failed.Count == 0,
            $"{failed.Count} seeds failed. {string.Join(Environment.NewLine, failed.Take(10))}");
    }

    [Fact]
    public async Task A_seed_is_the_same_story_each_time()
    {
        var (first, _, _) = await Run.TellAsync(seed: 1, Flaws.None);
        var (second, _, _) = await Run.TellAsync(seed: 1, Flaws.None);
        foreach (var (one, other) in first.Services.Zip(second.Services))
            Assert.Equal(Story(one), Story(other));

        static IEnumerable<(Guid, string)> Story(IService service) =>
            service.Chain.Events.Select(e => (e.EventId, Convert.ToHexString(e.Payload)));
    }

    [Fact]
    public async Task The_seeds_reach_every_end_of_a_checkout_and_every_kind_of_trouble()
    {
        var reached = new Reached();
        for (var seed = 0; seed < SeedsThatReachAll; seed++)
        {
            var (world, script, _) = await Run.TellAsync(seed, Flaws.None);
            reached.Add(world, script);
        }
        output.WriteLine(reached.ToString());
        Assert.Empty(reached.Missing());
    }

    private static IEnumerable<int> Seeds() =>
        Number("CHECKOUT_SIMULATION_SEED") is { } one
            ? [one] : Enumerable.Range(0, Number("CHECKOUT_SIMULATION_SEEDS") ?? DefaultSeeds);

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
