using System.Diagnostics.Metrics;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

public sealed class ClockSkewTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly ServiceProvider _meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ClockSkew _skew;
    private readonly MeterReadings _readings;

    public ClockSkewTests()
    {
        var meters = _meters.GetRequiredService<IMeterFactory>();
        _readings = new(meters);
        _skew = new(new(), meters, _time);
    }

    [Fact]
    public async Task A_source_whose_newest_events_all_come_late_has_a_clock_that_is_behind()
    {
        Come("/store/0", 361, 360, 420);
        var health = await _skew.CheckHealthAsync(new());
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.StartsWith("the clock of /store/0 is 360 s behind this process's, or LogTailer lags by as much",
            health.Description, StringComparison.Ordinal);
        Assert.Equal(360, _readings.Gauge("reactor.clock.skew"));
    }

    [Fact]
    public async Task One_that_comes_before_it_happened_says_at_once_that_a_clock_is_ahead()
    {
        Come("/balance/0", -90);
        Assert.StartsWith("the clock of /balance/0 is 90 s ahead of this process's: correct the clocks",
            (await _skew.CheckHealthAsync(new())).Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lag_that_is_made_up_for_is_no_skew()
    {
        Come("/store/0", 600, 500, 300, 0.01);
        Assert.Equal((HealthStatus.Healthy, 0.01),
            ((await _skew.CheckHealthAsync(new())).Status, _readings.Gauge("reactor.clock.skew")));
        // Nor is one right behind a minute in which nothing lagged, or of one or two records.
        _time.Passes(61);
        Come("/store/0", 600);
        Assert.Equal(HealthStatus.Healthy, (await _skew.CheckHealthAsync(new())).Status);
        Come("/store/1", 600, 600);
        Assert.Equal(HealthStatus.Healthy, (await _skew.CheckHealthAsync(new())).Status);
    }

    [Fact]
    public async Task Clocks_that_were_corrected_are_right_two_windows_later_and_silence_says_nothing_for_ever()
    {
        Come("/store/0", -300);
        _time.Passes(61);
        Come("/store/0", 0.01);
        Assert.Equal(HealthStatus.Degraded, (await _skew.CheckHealthAsync(new())).Status);
        _time.Passes(61);
        Come("/store/0", 0.01);
        Assert.Equal(HealthStatus.Healthy, (await _skew.CheckHealthAsync(new())).Status);
        Come("/store/0", -300);
        _time.Passes(601);
        Assert.Equal(HealthStatus.Healthy, (await _skew.CheckHealthAsync(new())).Status);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void A_difference_below_the_tolerance_decides_no_deadline(int seconds, bool expected)
    {
        var deadline = DateTime.UnixEpoch;
        var context = new EventContext(Guid.Empty, "", "", deadline, deadline.AddSeconds(seconds))
        {
            ClockTolerance = new ReactorOptions().ClockTolerance,
        };
        Assert.Equal(expected, context.IsPast(deadline));
    }

    public void Dispose() => _meters.Dispose();

    private void Come(string source, params double[] late)
    {
        foreach (var seconds in late) _skew.Observe(source, TimeSpan.FromSeconds(seconds));
    }
}
