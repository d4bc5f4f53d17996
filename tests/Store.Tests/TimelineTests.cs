using Checkout.Store.Checkouts;
using Xunit;

namespace Checkout.Store.Tests;

public sealed class TimelineTests
{
    private static readonly DateTime Posted = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void A_clock_that_is_wrong_turns_no_story_round() => Assert.Equal(
        ["CheckoutCreated", "BalanceDeducted", "AssignmentRejected", "BalanceRefunded", "CheckoutFailed",
            "CheckoutRefunded", "CheckoutForgotten"],
        Timeline.InOrder([Step("CheckoutRefunded", 3), Step("CheckoutFailed", 2), Step("CheckoutForgotten", -900),
            Step("CheckoutCreated", 0), Step("BalanceRefunded", -358), Step("AssignmentRejected", 1),
            Step("BalanceDeducted", -360)]).Select(step => step.Event));

    private static TimelineEntry Step(string name, int seconds) => new(name, "/x/0", Posted.AddSeconds(seconds));
}
