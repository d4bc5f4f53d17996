using System.Net;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Chassis.WireFormat;
using Checkout.Fixtures;
using Dapper;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>What should be there and is not yet: it is waited for, its partition with it, and nothing else.</summary>
public sealed class WaitingTests(Stage stage)
{
    [Fact]
    public async Task A_404_that_is_not_the_registrys_own_is_an_outage()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        using var registry = new SwitchedRegistry { Answers = HttpStatusCode.NotFound };
        var instance = await world.NewInstanceAsync(settings =>
        {
            settings.Registry = registry.NewClient(stage);
            settings.Reactor.LongestWait = TimeSpan.Zero;
        });
        var handling = instance.HandleAsync(Asked("anna", 1));
        await Eventually.Until(() => instance.Lines.Count("answered 404 about schema id") >= 2, "it is told");
        Assert.True(instance.Lines.Contain("or the path of Registry:Url is wrong"));
        registry.Answers = null;
        await handling;
        Assert.Empty(await world.ParkedAsync());
        Assert.Equal(1, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task A_schema_that_the_registry_does_not_know_yet_holds_its_partition_and_no_other()
    {
        await using var world = await World.NewAsync(stage);
        using var registry = new SwitchedRegistry();
        var instance = await world.StartInstanceAsync(settings => settings.Registry = registry.NewClient(stage));
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked("anna", 1)));
        registry.Unknown = true;
        var elsewhere = Enumerable.Range(0, 100).Select(i => $"n{i}")
            .First(name => world.Chain.PartitionOf(name) != world.Chain.PartitionOf("anna"));
        await world.Chain.TellAsync(new Confirmed { Name = "anna" });
        var last = await world.Chain.TellAsync(Asked("anna", 2));
        await Eventually.Until(() => instance.State.Stopped(StopReason.Waits) == 1, "the partition waits");
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(elsewhere, 1)));
        Assert.Contains("has no schema with id", (await instance.State.CheckHealthAsync(new())).Description,
            StringComparison.Ordinal);
        registry.Unknown = false;
        await world.UntilHandledAsync(last);
        await Eventually.Until(() => instance.State.Stopped(StopReason.Waits) == 0, "it waits no more");
        Assert.Empty(await world.ParkedAsync());
        Assert.True(instance.Lines.Contain("handled again from where it was stopped"));
    }

    [Fact]
    public async Task A_flood_of_records_with_schemas_that_nobody_knows_is_waited_for_once()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.StartInstanceAsync(settings =>
            settings.Reactor.LongestWait = TimeSpan.FromSeconds(3));
        for (var i = 0; i < 20; i++)
            await world.Chain.SendAsync(await world.Chain.NumberAsync(Asked($"n{i}", 1)) with
            {
                Value = ConfluentFrame.Frame(900_000 + i, [1]),
            });
        var started = TimeProvider.System.GetTimestamp();
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked("anna", 1)));
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.Equal(20, (await world.ParkedAsync()).Count);
        Assert.Equal(1, instance.Lines.Count("is handled for now"));
    }

    [Fact]
    public async Task An_own_commit_that_stays_invisible_for_long_holds_its_partition_and_no_other()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.StartInstanceAsync();
        var elsewhere = Enumerable.Range(0, 100).Select(i => $"n{i}")
            .First(name => world.Chain.PartitionOf(name) != world.Chain.PartitionOf("anna"));
        var answer = await world.Chain.TellAsync(new Confirmed { Name = "anna" });
        await Eventually.Until(() => instance.State.Stopped(StopReason.Waits) == 1, "the partition waits");
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(elsewhere, 1)));
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(elsewhere, 1)));
        Assert.Contains("The tally anna is not known here (yet)",
            (await instance.State.CheckHealthAsync(new())).Description, StringComparison.Ordinal);
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync("INSERT INTO tallies VALUES ('anna', 1)");
        await world.UntilHandledAsync(answer);
        Assert.Empty(await world.ParkedAsync());
    }

    [Fact]
    public void Patience_is_counted_from_the_first_that_waits_and_begins_anew_after_a_quiet_time()
    {
        var time = new ManualTime();
        var patience = new Patience(TimeSpan.FromSeconds(60), time);
        Assert.False(patience.IsOver("a"));
        time.Passes(59);
        Assert.False(patience.IsOver("a"));
        Assert.False(patience.IsOver("b"));
        time.Passes(1);
        Assert.True(patience.IsOver("a"));
        time.Passes(60);
        Assert.True(patience.IsOver("a"));
        time.Passes(61);
        Assert.False(patience.IsOver("a"));
    }

    private static Asked Asked(string name, long number) => ReactorLoopTests.Asked(name, number);
}
