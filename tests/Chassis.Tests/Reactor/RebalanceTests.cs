using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>Instances come and go: the partitions are shared, and every event is answered once.</summary>
public sealed class RebalanceTests(Stage stage)
{
    [Fact]
    public async Task Two_instances_share_the_partitions_and_answer_each_event_once()
    {
        await using var world = await World.NewAsync(stage);
        var first = await world.StartInstanceAsync();
        using var stop = new CancellationTokenSource();
        var told = TellUntilAsync(world, stop.Token);
        await Eventually.Until(async () => (await world.EventsAsync()).Count > 20, "the first is at work");
        var second = await world.StartInstanceAsync();
        await Eventually.Until(() => second.State.AssignedPartitions > 0
            && first.State.AssignedPartitions + second.State.AssignedPartitions == World.Partitions + 1,
            "both have a share (of the chain's partitions, and the one of the facts)");
        await Eventually.Until(() => second.Readings.Sum("messaging.client.consumed.messages") > 0,
            "the second is at work");
        await first.StopAsync();
        await Eventually.Until(() => second.State.AssignedPartitions == World.Partitions + 1, "the second has all");
        await stop.CancelAsync();
        await AssertAnsweredOnceAsync(world, await told);
    }

    private static async Task<int> TellUntilAsync(World world, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var told = 0; ; told++)
        {
            if (stop.IsCancellationRequested) return told;
            await world.Chain.TellAsync(Asked($"n{told % 16}"));
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    internal static async Task AssertAnsweredOnceAsync(World world, int told)
    {
        await Eventually.Until(async () => (await world.EventsAsync()).Count >= told, $"{told} answers");
        var events = await world.EventsAsync();
        Assert.Equal((told, told), (events.Count, events.Select(e => e.CausationId).Distinct().Count()));
        Assert.Equal(told, (await world.TotalsAsync()).Values.Sum());
        Assert.Empty(await world.ParkedAsync());
    }

    private static Asked Asked(string name) => ReactorLoopTests.Asked(name, 1);
}
