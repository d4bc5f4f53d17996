using System.Globalization;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Checkout.Servers;
using Xunit;

namespace Checkout.EndToEnd.Kills;

/// <summary>
/// Two processes of each kind; one of each is killed at the same moment, and stays dead or is started again.
/// </summary>
[Collection(nameof(Alone))]
public sealed class TakeOverTests
{
    private static readonly string[] Services = ["store", "balance", "inventory"];
    /// <summary>
    /// Well below librdkafka's default session of 45 s. What it takes on a machine with nothing else to do, under 10 s,
    /// is said in the output and in docs/operating.md.
    /// </summary>
    private static readonly TimeSpan Allowed = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task On_a_released_Kafka_a_killed_process_leaves_its_partitions_to_the_other()
    {
        if (KafkaHome.Find() is null)
            throw Prerequisite.Missing("kafka", $"{KafkaHome.Variable} does not name a folder with a released Kafka.");
        await KillOneOfEachAsync(inMemory: false);
    }

    [Fact]
    public Task On_the_in_memory_broker_a_killed_process_leaves_its_partitions_to_the_other() =>
        KillOneOfEachAsync(inMemory: true);

    private static async Task KillOneOfEachAsync(bool inMemory)
    {
        using var folder = new TestFolder("take-over");
        await using var system = await TestSystem.StartAsync(inMemory ? "take-over-in-memory" : "take-over",
            TestSystem.Options(folder) with
            {
                InMemoryBroker = inMemory,
                Instances = 2,
                Environment = new Dictionary<string, string?> { [ReactionLog.Setting] = "Debug" },
            });
        await using var traffic = await Traffic.StartAsync(system);
        await Task.WhenAll(Services.Select(traffic.UntilSharedAsync));
        var took =
            (await Task.WhenAll(Services.Select(service => KilledAsync(system, traffic, service, forGood: true))))
            .ToList();

        await Task.WhenAll(Services.Select(service => system[$"{service}-2"].StartAsync()));
        await Task.WhenAll(Services.Select(traffic.UntilSharedAsync));
        took.AddRange(
            await Task.WhenAll(Services.Select(service => KilledAsync(system, traffic, service, forGood: false))));
        took.Add(await TailerKilledAsync(system, traffic));

        await traffic.EndAsync();
        Assert.All(await Invariants.CheckAsync(system.Addresses, Cancel),
            invariant => Assert.True(invariant.Fault is null, $"{invariant.Name}: {invariant.Fault}"));
        Assert.All(took, t => Assert.True(t.Time < Allowed, t.What));
    }

    private static async Task<(string What, TimeSpan Time)> KilledAsync(TestSystem system, Traffic traffic,
        string service, bool forGood)
    {
        var victim = system[$"{service}-2"];
        var partitions = traffic.Of(victim.Name);
        var restarts = victim.Restarts;
        var killed = DateTime.UtcNow;
        if (forGood) await victim.KillForGoodAsync();
        else
        {
            victim.Kill();
            await Eventually.Until(() => victim.Restarts > restarts, $"{victim.Name} is seen to be dead");
        }
        var (first, last) = await traffic.TakenUpAsync(service, partitions, killed, dead: DateTime.UtcNow);
        return Told(system, $"{victim.Name} killed {(forGood ? "for good" : "and started again")}, "
            + $"{partitions.Count} partitions: the first was handled again after {Seconds(first)}, the last after "
            + $"{Seconds(last)}", last);
    }

    /// <summary>The tailer that publishes for Store dies; the other, which stood by, goes on.</summary>
    private static async Task<(string What, TimeSpan Time)> TailerKilledAsync(TestSystem system, Traffic traffic)
    {
        var victim =
            (await Http.Answer.GetAsync($"{system.Local.Url("logtailer")}/health/ready")).Text.Contains("store: active",
                StringComparison.Ordinal) ? "logtailer" : "logtailer-2";
        var killed = DateTime.UtcNow;
        await system[victim].KillForGoodAsync();
        var after = await traffic.PublishedAgainAsync(killed, dead: DateTime.UtcNow);
        return Told(system, $"the active {victim} killed for good: the first new checkout was published and handled "
            + $"after {Seconds(after)}", after);
    }

    private static (string What, TimeSpan Time) Told(TestSystem system, string what, TimeSpan time)
    {
        TestLog.Say($"{(system.Addresses.InMemoryBroker ? "in memory" : "released Kafka")}: {what}");
        return (what, time);
    }

    private static string Seconds(TimeSpan time) =>
        time.TotalSeconds.ToString("F2", CultureInfo.InvariantCulture) + " s";
}
