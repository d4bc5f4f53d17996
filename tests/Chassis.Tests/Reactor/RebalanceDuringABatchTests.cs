using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>Partitions move while their records are being handled.</summary>
public sealed class RebalanceDuringABatchTests(Stage stage)
{
    [Fact]
    public async Task A_rebalance_in_the_middle_of_a_batch_answers_nothing_twice_and_loses_nothing()
    {
        await using var world = await World.NewAsync(stage);
        string[] names = ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"];
        var first = await world.StartInstanceAsync();
        foreach (var name in names) await world.Chain.TellAsync(Asked(name));
        await Eventually.Until(async () => (await world.EventsAsync()).Count == 8, "the tallies are there");
        var expected = 8;
        Instance second;
        await using (await ReactorLoopTests.HoldAsync(world, "n0"))
        {
            // The batch that holds n0 waits in the database, and with it its partitions' rows in handled.
            await world.Chain.TellAsync(Asked("n0"));
            await Eventually.Until(() => ReactorLoopTests.WaitsForLockAsync(world), "the batch waits for the tally");
            foreach (var name in names) await world.Chain.TellAsync(Asked(name));
            expected += 9;
            second = await world.StartInstanceAsync();
            await Eventually.Until(() => second.State.AssignedPartitions > 0
                && first.State.AssignedPartitions < World.Partitions + 1,
                "partitions have moved while the batch is under way");
        }
        await Eventually.Until(async () => (await world.EventsAsync()).Count >= expected, "all is answered");
        foreach (var name in names) await world.Chain.TellAsync(Asked(name));
        await RebalanceTests.AssertAnsweredOnceAsync(world, expected + 8);
        Assert.Equal((0, 0), (first.State.HeldPartitions, second.State.HeldPartitions));
        Assert.Equal(0, first.Lines.Count("The reactor loop failed") + second.Lines.Count("The reactor loop failed"));
    }

    [Fact]
    public async Task A_partition_that_leaves_in_the_middle_of_a_batch_and_comes_back_is_read_again()
    {
        await using var world = await World.NewAsync(stage);
        string[] names = ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"];
        var first = await world.StartInstanceAsync();
        foreach (var name in names) await world.Chain.TellAsync(Asked(name));
        await Eventually.Until(async () => (await world.EventsAsync()).Count == 8, "the tallies are there");
        Instance second;
        await using (await ReactorLoopTests.HoldAsync(world, "n0"))
        {
            // While the batch waits the loop keeps its partitions paused, and some of them leave it so.
            await world.Chain.TellAsync(Asked("n0"));
            await Eventually.Until(() => ReactorLoopTests.WaitsForLockAsync(world), "the batch waits for the tally");
            second = await world.StartInstanceAsync();
            await Eventually.Until(() => second.State.AssignedPartitions > 0
                && first.State.AssignedPartitions < World.Partitions + 1,
                "partitions have moved while the batch is under way");
        }
        await second.StopAsync();
        await Eventually.Until(() => first.State.AssignedPartitions == World.Partitions + 1,
            "all partitions have come back");
        foreach (var name in names) await world.Chain.TellAsync(Asked(name));
        await RebalanceTests.AssertAnsweredOnceAsync(world, 8 + 1 + 8);
    }

    private static Asked Asked(string name) => ReactorLoopTests.Asked(name, 1);
}
