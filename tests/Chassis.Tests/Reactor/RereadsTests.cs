using Checkout.Chassis.Reactor;
using Checkout.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

public sealed class RereadsTests
{
    private static readonly TopicPartition Partition = new("topic", 0);

    [Fact]
    public void A_partition_is_read_from_its_start_at_once_and_again_when_it_got_further()
    {
        var rereads = new Rereads(new ManualTime());
        Assert.True(rereads.IsDue(Partition, 7));
        Assert.False(rereads.IsDue(Partition, 7));
        Assert.True(rereads.IsDue(Partition, 8));
        rereads.Forget(Partition);
        Assert.True(rereads.IsDue(Partition, 8));
    }

    [Fact]
    public void Where_it_misses_the_same_it_is_read_again_ever_more_seldom()
    {
        var time = new ManualTime();
        var rereads = new Rereads(time);
        rereads.IsDue(Partition, 7);
        foreach (var minutes in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            time.Passes(minutes * 60 - 1);
            Assert.Empty(rereads.Due());
            time.Passes(1);
            Assert.Equal(Partition, Assert.Single(rereads.Due()));
        }
        rereads.Forget(Partition);
        time.Passes(1_000_000);
        Assert.Empty(rereads.Due());
    }
}
