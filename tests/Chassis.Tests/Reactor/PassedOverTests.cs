using Checkout.Chassis.Inbox;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>Records that the service has no row for cost no transaction of their own.</summary>
public sealed class PassedOverTests(Stage stage)
{
    private const string Ours = "ours";

    [Fact]
    public async Task Their_positions_move_when_the_partition_leaves_and_no_offset_passes_them_before()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.StartInstanceAsync();
        var first = await world.Chain.TellAsync(ReactorLoopTests.Asked("anna", 1));
        await world.UntilHandledAsync(first);
        ChainRecord last = first;
        for (var i = 0; i < 5; i++) last = await world.Chain.TellAsync(new Chatted { Name = "anna" });
        await Eventually.Until(() => instance.Readings.Sum("reactor.passed.messages") == 5, "they were taken");
        // On the in-memory broker they do not wait for long.
        if (!stage.Broker.IsInMemory)
        {
            Assert.Equal(first.Position, await world.HandledAsync(0));
            Assert.InRange(GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0), 0, 1);
        }

        await instance.StopAsync();
        Assert.Equal(last.Position, await world.HandledAsync(0));
        Assert.Equal(6, GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0));
        Assert.Single(await world.EventsAsync());
    }

    [Fact]
    public async Task Their_positions_move_with_the_next_batch_that_has_something_to_do()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        await world.StartInstanceAsync();
        for (var i = 0; i < 5; i++) await world.Chain.TellAsync(new Chatted { Name = "anna" });
        var last = await world.Chain.TellAsync(ReactorLoopTests.Asked("anna", 1));
        await world.UntilHandledAsync(last);
        Assert.Single(await world.EventsAsync());
    }

    [Fact]
    public void What_is_due_takes_along_what_waits_in_the_order_it_was_taken()
    {
        var waiting = new PassedOver(PassedOver.LongestWait, new ManualTime());
        Assert.True(MayWait(waiting, Record(1, "other"), Record(2, "other")));
        Assert.False(MayWait(waiting, Record(3, Ours)));
        var all = waiting.TakeWith(Of(Record(3, Ours)));
        Assert.Equal([1, 2, 3], all.Records.Select(record => record.Offset));
        Assert.Equal(4, Assert.Single(all.Ends).Value);
        Assert.Empty(waiting.TakeWith(Chassis.Reactor.Fetched.Nothing).Records);
    }

    [Fact]
    public void After_a_while_they_wait_no_more()
    {
        var time = new ManualTime();
        var waiting = new PassedOver(PassedOver.LongestWait, time);
        Assert.True(MayWait(waiting, Record(1, "other")));
        time.Passes(29);
        Assert.True(MayWait(waiting));
        time.Passes(1);
        Assert.False(MayWait(waiting));
        Assert.Single(waiting.TakeWith(Chassis.Reactor.Fetched.Nothing).Records);
        Assert.True(MayWait(waiting, Record(2, "other")));
    }

    [Fact]
    public void No_more_than_1000_wait()
    {
        var waiting = new PassedOver(PassedOver.LongestWait, new ManualTime());
        for (var i = 0; i < 1_000; i++) Assert.True(MayWait(waiting, Record(i, "other")));
        Assert.False(MayWait(waiting, Record(1_000, "other")));
    }

    [Fact]
    public void What_was_only_seen_before_is_not_held_up_where_nothing_waits()
    {
        var waiting = new PassedOver(PassedOver.LongestWait, new ManualTime());
        Assert.False(
            waiting.MayWait(new([], new Dictionary<TopicPartition, long> { [new("topic", 0)] = 7 }), _ => true,
                _ => null));
    }

    [Theory]
    [InlineData(4L, true)]
    [InlineData(3L, false)]
    [InlineData(5L, false)]
    [InlineData(null, false)]
    public void Only_what_follows_what_is_known_to_be_handled_waits(long? handled, bool waits)
    {
        var waiting = new PassedOver(PassedOver.LongestWait, new ManualTime());
        Assert.Equal(waits, waiting.MayWait(Of(Record(5, "other"), Record(6, "other")), _ => true, _ => handled));
    }

    [Fact]
    public void What_does_not_follow_what_waits_is_a_gap_and_does_not_wait()
    {
        var waiting = new PassedOver(PassedOver.LongestWait, new ManualTime());
        Assert.True(waiting.MayWait(Of(Record(5, "other")), _ => true, _ => 4));
        Assert.False(waiting.MayWait(Of(Record(7, "other")), _ => true, _ => 4));
        Assert.True(waiting.MayWait(Of(Record(6, "other")), _ => true, _ => 4));
    }

    [Fact]
    public void What_waits_of_a_partition_that_is_lost_is_forgotten()
    {
        var waiting = new PassedOver(PassedOver.LongestWait, new ManualTime());
        Assert.True(MayWait(waiting, Record(1, "other"), Record(2, "other", partition: 1)));
        waiting.Forget([new("topic", 0)]);
        var left = waiting.TakeWith(Chassis.Reactor.Fetched.Nothing);
        Assert.Equal(1, Assert.Single(left.Records).Partition);
        Assert.Equal(new TopicPartition("topic", 1), Assert.Single(left.Ends).Key);
    }

    /// <summary>Where each partition is known to be handled up to what comes first.</summary>
    private static bool MayWait(PassedOver waiting, params Incoming[] records) =>
        waiting.MayWait(Of(records), record => record.Key != Ours,
        partition => records.First(record => record.Partition == partition.Partition).Previous);

    private static Fetched Of(params Incoming[] records) => new(records,
        records.GroupBy(r => new TopicPartition(r.Topic, r.Partition))
        .ToDictionary(group => group.Key, group => group.Max(r => r.Offset) + 1));

    private static Incoming Record(long offset, string key, int partition = 0) =>
        new("topic", partition, offset, offset, offset - 1, key, null, new Dictionary<string, string>());
}
