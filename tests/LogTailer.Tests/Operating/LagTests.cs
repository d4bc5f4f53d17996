using Checkout.Fixtures;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class LagTests
{
    private readonly ManualTime _time = new();
    private readonly Lag _lag;

    public LagTests() => _lag = new(_time);

    [Fact]
    public void What_is_not_acknowledged_is_counted_and_its_age_is_that_of_the_oldest()
    {
        _lag.Acknowledged(100);
        _lag.Seen(100);
        AssertBehind(0, 0);
        _lag.Seen(103);
        _time.Passes(2);
        _lag.Seen(110);
        _time.Passes(1);
        AssertBehind(10, 3);
        _lag.Acknowledged(103);
        AssertBehind(7, 1);
        _lag.Acknowledged(110);
        AssertBehind(0, 0);
    }

    [Fact]
    public void Where_it_is_not_known_what_is_acknowledged_nothing_is_told()
    {
        _lag.Seen(5);
        Assert.Null(_lag.Now);
        _lag.Acknowledged(5);
        AssertBehind(0, 0);
        _lag.Acknowledged(null);
        Assert.Null(_lag.Now);
    }

    /// <summary>
    /// A standby has seen the heads while another published, and so knows their age when it takes over.
    /// </summary>
    [Fact]
    public void What_was_seen_before_it_was_known_what_is_acknowledged_keeps_its_age()
    {
        _lag.Seen(5);
        _time.Passes(10);
        _lag.Seen(8);
        _lag.Acknowledged(4);
        AssertBehind(4, 10);
    }

    [Fact]
    public void A_store_that_was_restored_begins_again()
    {
        _lag.Acknowledged(10);
        _lag.Seen(20);
        _time.Passes(10);
        _lag.Seen(12);
        AssertBehind(2, 0);
    }

    [Fact]
    public void However_long_nothing_is_acknowledged_it_remembers_the_oldest_and_the_newest_in_bounded_memory()
    {
        _lag.Acknowledged(0);
        for (var head = 1; head <= 20 * Lag.MaxHeads; head++)
        {
            _lag.Seen(head);
            _time.Passes(1);
        }
        AssertBehind(20 * Lag.MaxHeads, 20 * Lag.MaxHeads);
    }

    private void AssertBehind(long events, double seconds) =>
        Assert.Equal(new Behind(events, TimeSpan.FromSeconds(seconds)), _lag.Now);
}
