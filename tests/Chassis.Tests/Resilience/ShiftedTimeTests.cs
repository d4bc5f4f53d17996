using Checkout.Chassis.Resilience;
using Xunit;

namespace Checkout.Chassis.Tests.Resilience;

public sealed class ShiftedTimeTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("00:01:30", 90)]
    [InlineData("-00:01:30", -90)]
    public void It_tells_another_time_of_day_and_measures_the_same_durations(string variable, int seconds)
    {
        var time = ShiftedTime.Of(variable);
        var shift = time.GetUtcNow() - DateTimeOffset.UtcNow;
        Assert.InRange(shift, TimeSpan.FromSeconds(seconds) - Short, TimeSpan.FromSeconds(seconds) + Short);
        Assert.Equal(TimeProvider.System.TimestampFrequency, time.TimestampFrequency);
        Assert.InRange(time.GetElapsedTime(TimeProvider.System.GetTimestamp()), TimeSpan.Zero, Short);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Nobody_who_says_nothing_has_another_clock(string? variable) =>
        Assert.Same(TimeProvider.System, ShiftedTime.Of(variable));

    [Fact]
    public void What_is_no_time_is_told_by_a_sentence() => Assert.Contains("give a time such as 00:01:30",
        Assert.Throws<FormatException>(() => ShiftedTime.Of("soon")).Message, StringComparison.Ordinal);
}
