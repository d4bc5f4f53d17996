using System.Globalization;

namespace Checkout.Chassis.Resilience;

/// <summary>
/// A clock that goes wrong by so much, as a machine's may: for tests and the fault campaign alone. What is measured in
/// ticks of the monotonic clock is not touched, as it is not by a wrong wall clock.
/// </summary>
public sealed class ShiftedTime(TimeSpan offset) : TimeProvider
{
    /// <summary>Names the offset, such as 00:01:30 or -00:01:30. Nobody sets it in production.</summary>
    public const string Variable = "CHECKOUT_TEST_CLOCK_OFFSET";

    public TimeSpan Offset => offset;

    /// <summary>The machine's clock, where the variable says nothing.</summary>
    /// <exception cref="FormatException">The variable holds something else than a time.</exception>
    public static TimeProvider Of(string? variable)
    {
        if (string.IsNullOrEmpty(variable)) return System;
        return TimeSpan.TryParse(variable, CultureInfo.InvariantCulture, out var offset)
            ? new ShiftedTime(offset)
            : throw new FormatException($"{Variable} is '{variable}'; give a time such as 00:01:30 or -00:01:30, or "
                + "leave it unset.");
    }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + offset;
}
