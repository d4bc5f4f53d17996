using System.Diagnostics.Metrics;
using Checkout.Chassis.Reactor;
using Checkout.Fixtures;
using Confluent.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

public sealed class LagTests : IDisposable
{
    private static readonly TopicPartition One = new("a", 0);
    private static readonly TopicPartition Other = new("a", 1);

    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("lag of a test");
    private readonly Lag _lag;

    public LagTests()
    {
        _lag = new(_time);
        _lag.Measure(_meter, ["a", "b"]);
        _lag.Assigned([One, Other]);
    }

    [Fact]
    public void It_is_there_from_the_start_for_every_topic_that_is_heard()
    {
        Assert.Equal([("a", 0), ("b", 0)], Read("reactor.lag.messages"));
        Assert.Equal([("a", 0), ("b", 0)], Read("reactor.lag.duration"));
    }

    [Fact]
    public void What_brokers_have_beyond_what_was_handled_is_counted_over_the_partitions()
    {
        _lag.Handled(One, 10);
        _lag.Handled(Other, 5);
        Told((One, 13), (Other, 5));
        Assert.Equal(("a", 3), Read("reactor.lag.messages")[0]);
        _lag.Handled(One, 13);
        Assert.Equal(("a", 0), Read("reactor.lag.messages")[0]);
    }

    [Fact]
    public void A_first_record_that_is_not_handled_is_behind_from_itself_on()
    {
        _lag.Came(One, 7);
        _lag.Came(One, 8);
        Told((One, 9));
        Assert.Equal(("a", 2), Read("reactor.lag.messages")[0]);
    }

    [Fact]
    public void Its_age_is_that_of_the_oldest_known_and_ends_when_that_is_handled_though_others_came()
    {
        _lag.Handled(One, 10);
        Told((One, 11));
        _time.Passes(4);
        Told((One, 20));
        _time.Passes(4);
        Assert.Equal(("a", 8), Read("reactor.lag.duration")[0]);
        _lag.Handled(One, 11);
        Assert.Equal(("a", 0), Read("reactor.lag.duration")[0]);
        Told((One, 21));
        _time.Passes(1);
        Assert.Equal(("a", 1), Read("reactor.lag.duration")[0]);
    }

    [Fact]
    public void A_partition_that_left_counts_no_more_and_begins_anew_when_it_comes_back()
    {
        _lag.Handled(One, 10);
        Told((One, 20));
        _lag.Forget([One]);
        Assert.Equal(("a", 0), Read("reactor.lag.messages")[0]);
        _lag.Handled(One, 12);
        _lag.Assigned([One]);
        Told((One, 20));
        Assert.Equal(("a", 0), Read("reactor.lag.messages")[0]);
    }

    [Fact]
    public void What_is_appended_to_a_partition_from_which_nothing_came_is_behind()
    {
        Told((One, 40));
        Assert.Equal(("a", 0), Read("reactor.lag.messages")[0]);
        Told((One, 43));
        _time.Passes(6);
        Assert.Equal(("a", 3), Read("reactor.lag.messages")[0]);
        Assert.Equal((One, 3, 6), Assert.Single(Standing()));
    }

    [Fact]
    public void A_partition_stands_only_while_nothing_of_it_is_handled()
    {
        _lag.Handled(One, 10);
        Told((One, 90));
        _time.Passes(4);
        _lag.Handled(One, 20);
        _time.Passes(4);
        Assert.Empty(Standing());
        _time.Passes(2);
        Assert.Equal((One, 70, 6), Assert.Single(Standing()));
        _lag.Handled(One, 90);
        _time.Passes(60);
        Assert.Empty(Standing());
    }

    [Fact]
    public async Task Health_says_what_stands_and_not_what_has_another_reason()
    {
        var state = new ReactorState(_time, _lag);
        _lag.Handled(One, 10);
        Told((One, 12));
        _time.Passes(6);
        var health = await state.CheckHealthAsync(new(), TestContext.Current.CancellationToken);
        Assert.Equal((HealthStatus.Degraded, "a/0 has 2 records, and none was handled for 6 s"),
            (health.Status, health.Description));
        Assert.Equal(1, state.StandingPartitions);
        state.TryHold(One, 10, 12);
        Assert.Equal(0, state.StandingPartitions);
    }

    [Fact]
    public void A_topic_that_was_cut_off_is_not_behind()
    {
        _lag.Handled(One, 10);
        Told((One, 4));
        Assert.Equal(("a", 0), Read("reactor.lag.messages")[0]);
    }

    public void Dispose() => _meter.Dispose();

    private List<(TopicPartition, long, double)> Standing() =>
        [.. _lag.Standing(TimeSpan.FromSeconds(5)).Select(s => (s.Partition, s.Messages, s.For.TotalSeconds))];

    private void Told(params (TopicPartition Partition, long End)[] ends) =>
        _lag.Answered(ends.Select(end => KeyValuePair.Create(end.Partition, end.End)), _time.GetTimestamp());

    private List<(string Topic, double Value)> Read(string name)
    {
        var read = new List<(string, double)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter == _meter && instrument.Name == name) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => read.Add(((string)tags[0].Value!, value)));
        listener.Start();
        listener.RecordObservableInstruments();
        return read;
    }
}
