using System.Net;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>
/// What does not answer is waited for: no event is at fault, the place is kept, and the instance stays in its group.
/// </summary>
public sealed class OutageTests(Stage stage)
{
    [Fact]
    public async Task A_registry_that_does_not_answer_is_waited_for_and_nothing_is_parked()
    {
        using var registry = new SwitchedRegistry { IsDown = true };
        await using var world = await World.NewAsync(stage);
        var instance = await world.StartInstanceAsync(settings => settings.Registry = registry.NewClient(stage));
        await world.Chain.TellAsync(Asked("anna", 1));
        await Eventually.Until(() => instance.Lines.Contain("Outage, the batch is kept"), "the outage is told");
        registry.IsDown = false;
        await world.UntilTotalAsync("anna", 1);
        AssertStayedInGroup(instance);
        Assert.Empty(await world.ParkedAsync());
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.Forbidden)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task A_registry_that_lets_us_not_in_is_no_fault_of_the_event(HttpStatusCode answer)
    {
        using var registry = new SwitchedRegistry { Answers = answer };
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync(settings => settings.Registry = registry.NewClient(stage));
        var handling = instance.HandleAsync(Asked("anna", 1));
        await Eventually.Until(() => instance.Lines.Contain("Outage, the batch is kept")
            || handling.IsCompleted, "the outage is told");
        registry.Answers = null;
        await handling;
        Assert.Empty(await world.ParkedAsync());
        Assert.Equal(1, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task A_database_that_goes_away_and_comes_back_costs_neither_membership_nor_place()
    {
        using var folder = new TestFolder("outage");
        var settings = new PostgresSettings { DataDirectory = folder["data"], LogFile = folder["log"], Fsync = false };
        var server = await PostgresServer.StartAsync(settings);
        try
        {
            await using var world = await World.NewAsync(stage,
                connectionString: await server.CreateDatabaseAsync("tally"));
            var instance = await world.StartInstanceAsync();
            await world.Chain.TellAsync(Asked("anna", 1));
            await world.UntilTotalAsync("anna", 1);

            await server.StopAsync();
            await world.Chain.TellAsync(Asked("anna", 10));
            await Eventually.Until(() => instance.Lines.Count("Outage, the batch is kept") >= 4,
                "the outage lasts longer than a session would");
            server = await PostgresServer.StartAsync(settings with { Port = server.Port });
            world.Database.Clear();
            await world.UntilTotalAsync("anna", 11);
            await world.Chain.TellAsync(Asked("anna", 100));
            await world.UntilTotalAsync("anna", 111);

            // Killed in the middle of the traffic: what was under way is done again, and once.
            var killed = server.KillAsync();
            for (var i = 0; i < 50; i++) await world.Chain.TellAsync(Asked("ben", 1));
            await killed;
            server = await PostgresServer.StartAsync(settings with { Port = server.Port });
            world.Database.Clear();
            await world.UntilTotalAsync("ben", 50);
            Assert.Equal(53, (await world.EventsAsync()).Count);
            AssertStayedInGroup(instance);
        }
        finally
        {
            await server.DisposeAsync();
            if (Directory.Exists(server.DataDirectory)) Directory.Delete(server.DataDirectory, recursive: true);
        }
    }

    [Fact]
    public async Task A_batch_that_takes_long_is_polled_through_and_what_comes_meanwhile_is_neither_lost_nor_early()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.StartInstanceAsync();
        await world.Chain.TellAsync(Asked("anna", 1));
        await world.UntilTotalAsync("anna", 1);
        await using (await ReactorLoopTests.HoldAsync(world, "anna"))
        {
            await world.Chain.TellAsync(Asked("anna", 1));
            await Eventually.Until(() => ReactorLoopTests.WaitsForLockAsync(world), "the batch waits for the tally");
            for (var i = 0; i < 40; i++) await world.Chain.TellAsync(Asked($"n{i % 8}", 1));
            // Longer than the loop waits before it polls on with its partitions paused.
            await Eventually.Until(() => ReactorLoopTests.WaitsForLockAsync(world, TimeSpan.FromSeconds(3)),
                "the batch has waited for long");
            Assert.Equal(new() { ["anna"] = 1 }, await world.TotalsAsync());
        }
        await Eventually.Until(async () => (await world.EventsAsync()).Count == 42, "all is handled");
        Assert.Equal((0, 0),
            (instance.Lines.Count("reading the partition from its start"), instance.State.HeldPartitions));
        AssertStayedInGroup(instance);
    }

    private static Asked Asked(string name, long number) => ReactorLoopTests.Asked(name, number);

    private static void AssertStayedInGroup(Instance instance)
    {
        Assert.Equal(0, instance.Lines.Count("Partitions revoked"));
        Assert.Equal(0, instance.Lines.Count("Partitions lost"));
        Assert.Equal(0, instance.Lines.Count("The reactor loop failed"));
    }
}
