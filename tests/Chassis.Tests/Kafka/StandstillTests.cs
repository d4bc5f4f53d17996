using Checkout.Chassis.Kafka;
using Checkout.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Chassis.Tests.Kafka;

/// <summary>Ten seconds are too long here.</summary>
public sealed class StandstillTests
{
    private static readonly TopicPartition One = new("topic", 0);
    private static readonly TopicPartition Other = new("topic", 1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly ManualTime _time = new();
    private readonly Standstill _standstill;

    public StandstillTests()
    {
        _standstill = new(_time);
        _standstill.BeginAnew(One);
    }

    [Fact]
    public void An_end_that_moves_on_while_nothing_comes_stands()
    {
        Told(One, 5, 6);
        _time.Passes(11);
        Assert.Equal(One, _standstill.LongerThan(Limit));
    }

    [Fact]
    public void An_end_that_rests_does_not_stand_whatever_lies_before_it()
    {
        Told(One, 5, 5, 5);
        _time.Passes(1_000);
        Assert.Null(_standstill.LongerThan(Limit));
    }

    /// <summary>What came before anybody asked for the end is waited for, too.</summary>
    [Fact]
    public void What_is_there_from_where_reading_begins_has_to_come()
    {
        _standstill.BeginAnew(One, from: 4);
        Told(One, 6, 6);
        _time.Passes(11);
        Assert.Equal(One, _standstill.LongerThan(Limit));
        _standstill.BeginAnew(One, from: 6);
        Told(One, 6, 6);
        _time.Passes(11);
        Assert.Null(_standstill.LongerThan(Limit));
    }

    [Fact]
    public void It_has_to_come_also_when_nothing_could_be_read_for_a_while()
    {
        _standstill.BeginAnew(One, from: 4);
        Told(One, 6);
        _time.Passes(9);
        _standstill.BeginAllAnew();
        _time.Passes(9);
        Assert.Null(_standstill.LongerThan(Limit));
        Told(One, 6);
        _time.Passes(11);
        Assert.Equal(One, _standstill.LongerThan(Limit));
    }

    [Fact]
    public void A_record_that_comes_ends_it_until_the_end_moves_on_again()
    {
        Told(One, 5, 6);
        _time.Passes(9);
        _standstill.BeginAnew(One);
        _time.Passes(9);
        Assert.Null(_standstill.LongerThan(Limit));
        Told(One, 6, 7);
        _time.Passes(11);
        Assert.Equal(One, _standstill.LongerThan(Limit));
    }

    [Fact]
    public void An_end_from_before_a_record_came_says_nothing()
    {
        var asked = _time.GetTimestamp();
        _time.Passes(1);
        _standstill.BeginAnew(One);
        _standstill.Answered([new(One, 5)], asked);
        Told(One, 6);
        _time.Passes(11);
        Assert.Null(_standstill.LongerThan(Limit));
    }

    [Fact]
    public void Records_that_were_removed_are_none_to_wait_for()
    {
        Told(One, 5, 6, 2);
        _time.Passes(11);
        Assert.Null(_standstill.LongerThan(Limit));
        Told(One, 3);
        _time.Passes(11);
        Assert.Equal(One, _standstill.LongerThan(Limit));
    }

    [Fact]
    public void One_that_stands_is_found_beside_one_that_moves()
    {
        _standstill.BeginAnew(Other);
        Told(One, 5, 6);
        for (var i = 0; i < 11; i++)
        {
            _time.Passes(1);
            _standstill.BeginAnew(Other);
            Told(Other, i);
        }
        Assert.Equal(One, _standstill.LongerThan(Limit));
    }

    [Fact]
    public void What_was_not_read_for_our_own_reasons_or_has_left_does_not_stand()
    {
        Told(One, 5, 6);
        _time.Passes(11);
        _standstill.BeginAllAnew();
        Assert.Null(_standstill.LongerThan(Limit));
        Told(One, 6, 7);
        _time.Passes(11);
        _standstill.Forget(One);
        Told(One, 8);
        Assert.Null(_standstill.LongerThan(Limit));
    }

    private void Told(TopicPartition partition, params long[] ends)
    {
        foreach (var end in ends) _standstill.Answered([new(partition, end)], _time.GetTimestamp());
    }
}
