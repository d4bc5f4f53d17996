using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
using Xunit;

namespace Checkout.Chassis.Tests.EventStore;

/// <summary>Whether a store is where this process has seen it.</summary>
public sealed class StoreHoldTests
{
    [Fact]
    public void A_store_that_ends_before_what_was_seen_is_held()
    {
        var hold = new StoreHold();
        hold.Saw(20, hold.Histories);
        Assert.Throws<StoreWentBackException>(() => hold.MustReach(19, seen: hold.Highest, hold.Histories));
        Assert.Contains("ends at position 19 and was seen to end at 20", hold.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void What_others_commit_while_a_transaction_begins_holds_nothing()
    {
        var hold = new StoreHold();
        hold.Saw(20, hold.Histories);
        var seen = hold.Highest;
        hold.Saw(25, hold.Histories);
        hold.MustReach(20, seen, hold.Histories);
        Assert.Null(hold.Why);
    }

    [Fact]
    public void Who_began_before_the_store_was_refilled_fails_and_holds_nothing()
    {
        var hold = new StoreHold();
        hold.Saw(20, hold.Histories);
        var (seen, history) = (hold.Highest, hold.Histories);
        hold.BeginAnew("not known yet");
        hold.Saw(20, history);
        Assert.Equal(0, hold.Highest);
        hold.Release(25);
        Assert.Throws<StoreWentBackException>(() => hold.MustReach(30, seen, history));
        Assert.Null(hold.Why);
    }

    [Fact]
    public void Who_was_let_in_before_and_has_its_turn_on_another_database_decides_nothing()
    {
        var hold = new StoreHold();
        hold.Saw(20, hold.Histories);
        hold.BeginAnew("not known yet");
        // Empty, and nothing is known of where it was.
        var refused = Assert.Throws<StoreWentBackException>(() => hold.MustReach(0, hold.Highest, hold.Histories));
        Assert.Equal("not known yet", refused.Message);
    }
}
