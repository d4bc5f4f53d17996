using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>A record is missing on the topic, or the group's offset is not where the chain is.</summary>
public sealed class GapTests(Stage stage)
{
    [Fact]
    public async Task A_partition_with_a_missing_record_is_read_from_its_start_once_and_held_and_goes_on_when_it_comes()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.StartInstanceAsync();
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked("anna", 1)));
        var missing = await world.Chain.NumberAsync(Asked("anna", 10));
        var later = await world.Chain.TellAsync(Asked("anna", 100));
        await Eventually.Until(() => instance.State.HeldPartitions == 1, "the partition is held");

        var health = await instance.State.CheckHealthAsync(new());
        Assert.Equal((HealthStatus.Degraded, "a record is missing after position 1 of "
            + $"{world.Chain.Topic}/{later.Partition}"), (health.Status, health.Description));
        Assert.Equal(1, instance.Readings.Gauge("reactor.held.partitions"));
        // While it is held, more comes there, and other partitions are served.
        var last = await world.Chain.TellAsync(Asked("anna", 1_000));
        var elsewhere = Enumerable.Range(0, 100).Select(i => $"n{i}")
            .First(name => world.Chain.PartitionOf(name) != later.Partition);
        await world.Chain.TellAsync(Asked(elsewhere, 1));
        await world.UntilTotalAsync(elsewhere, 1);
        Assert.Equal(1, (await world.TotalsAsync())["anna"]);

        await world.Chain.SendAsync(missing, later, last);
        await world.UntilHandledAsync(last);
        await Eventually.Until(() => instance.State.HeldPartitions == 0, "the partition is held no more");
        Assert.Equal(1_111, (await world.TotalsAsync())["anna"]);
        await Eventually.Until(() => instance.Lines.Contain("the chain is whole again"), "it is told");
        Assert.Equal(HealthStatus.Healthy, (await instance.State.CheckHealthAsync(new())).Status);
        Assert.Equal(0, instance.Readings.Gauge("reactor.held.partitions"));
        Assert.All(["reading the partition from its start", "is missing", "the chain is whole again"],
            line => Assert.Equal(1, instance.Lines.Count(line)));
    }

    [Fact]
    public async Task A_partition_whose_committed_offset_is_ahead_of_what_was_handled_is_read_from_its_start()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        for (var i = 0; i < 5; i++) await world.Chain.TellAsync(Asked("anna", 1));
        GroupOffsets.Commit(stage, world.Table.Service, world.Chain.Topic, 0, 5);
        var instance = await world.StartInstanceAsync();
        await Eventually.Until(() => instance.State.AssignedPartitions > 0, "the instance is in the group");
        await world.Chain.TellAsync(Asked("anna", 1));
        await world.UntilTotalAsync("anna", 6);
        Assert.Equal((1, 0),
            (instance.Lines.Count("reading the partition from its start"), instance.State.HeldPartitions));
    }

    [Fact]
    public async Task A_second_gap_after_the_first_was_healed_is_read_from_the_start_again()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.StartInstanceAsync();
        for (var gap = 1; gap <= 2; gap++)
        {
            var missing = await world.Chain.NumberAsync(Asked("anna", 1));
            var later = await world.Chain.TellAsync(Asked("anna", 1));
            await Eventually.Until(() => instance.State.HeldPartitions == 1, "the partition is held");
            await world.Chain.SendAsync(missing, later);
            await world.UntilHandledAsync(later);
            Assert.Equal(gap, instance.Lines.Count("reading the partition from its start"));
        }
        Assert.Equal(4, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task A_foreign_record_and_one_that_can_not_be_read_stop_nobody_behind_them()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        await world.StartInstanceAsync(settings => settings.Reactor.LongestWait = TimeSpan.FromSeconds(2));
        await world.Chain.SendAsync(new ChainRecord(0, 0, 0, "anna", [1, 2, 3], []));
        var garbage = await world.Chain.NumberAsync(Asked("ben", 1));
        // Written with a schema that no registry has.
        await world.Chain.SendAsync(garbage with { Value = [0, 0x7f, 0xff, 0xff, 0xff] });
        await world.Chain.TellAsync(Asked("anna", 3));
        await world.UntilTotalAsync("anna", 3);
        Assert.Equal(["ben"], (await world.ParkedAsync()).Select(p => p.Key));
    }

    private static Asked Asked(string name, long number) => ReactorLoopTests.Asked(name, number);
}
