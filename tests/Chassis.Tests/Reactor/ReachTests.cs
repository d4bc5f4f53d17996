using Checkout.Chassis.Reactor;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

public sealed class ReachTests
{
    private static readonly TopicPartition Partition = new("topic", 0);

    private readonly Reach _reach = new();

    [Fact]
    public void What_was_read_reaches_as_far_as_its_highest_position()
    {
        Came(5, 50);
        Came(6, 60);
        Came(7, 20);
        Assert.Equal((Reaching.Enough, 60), _reach.Of(Partition, next: 8, high: 8, handled: 60));
        Assert.Equal((Reaching.NotYet, 60), _reach.Of(Partition, next: 8, high: 9, handled: 61));
    }

    [Fact]
    public void Only_what_was_read_from_its_start_can_be_too_short()
    {
        Came(5, 50);
        Assert.Equal((Reaching.Unknown, 50), _reach.Of(Partition, next: 6, high: 6, handled: 60));
        _reach.BeginFromStart(Partition);
        Came(2, 40);
        Assert.Equal((Reaching.Short, 40), _reach.Of(Partition, next: 6, high: 6, handled: 60));
    }

    [Fact]
    public void Records_that_are_no_link_of_the_chain_reach_nowhere()
    {
        Came(0, null);
        Assert.Equal((Reaching.Short, 0), _reach.Of(Partition, next: 1, high: 1, handled: 1));
        Assert.Equal((Reaching.Enough, 0), _reach.Of(Partition, next: 1, high: 1, handled: 0));
    }

    private void Came(long offset, long? position) => _reach.Came(Partition, offset, position);
}
