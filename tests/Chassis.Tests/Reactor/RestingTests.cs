using Checkout.Chassis.Reactor;
using Checkout.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

public sealed class RestingTests
{
    private static readonly TopicPartition Waiting = new("a", 0);
    private static readonly TopicPartition Contradicted = new("b", 0);

    [Fact]
    public void What_waits_is_tried_again_soon_and_what_somebody_has_to_mend_later()
    {
        var time = new ManualTime();
        var resting = new Resting(time);
        resting.Begin(Waiting, StopReason.Waits);
        resting.Begin(Contradicted, StopReason.Contradicts);
        Assert.Empty(resting.Due());
        time.Passes(Resting.Wait.TotalSeconds);
        Assert.Equal([Waiting], resting.Due());
        Assert.Equal([Contradicted], resting.All);
        time.Passes(Resting.LongWait.TotalSeconds);
        Assert.Equal([Contradicted], resting.Due());
        Assert.Empty(resting.All);
    }

    [Fact]
    public void A_partition_that_leaves_rests_no_more()
    {
        var resting = new Resting(new ManualTime());
        resting.Begin(Waiting, StopReason.Waits);
        Assert.Equal([Waiting], resting.Forget([Waiting, Contradicted]));
        resting.Begin(Waiting, StopReason.Waits);
        resting.Clear();
        Assert.Empty(resting.All);
    }
}
