using Checkout.Store.Checkouts;
using Checkout.Store.Checkouts.Following;
using CsCheck;
using Xunit;

namespace Checkout.Store.Tests.Following;

public sealed class StepsKnownTests
{
    private static readonly Gen<Step[]> SomeSteps = Gen.Guid.Array[0, 6].Select(ids => ids.Distinct()
        .Select(id => new Step(id, "avatarstore.store.CheckoutCreated", "/store/0", DateTime.UnixEpoch, true))
        .ToArray());

    /// <summary>Whatever was told, in whatever order, and wherever: what is told next is what is new.</summary>
    [Fact]
    public void A_story_is_new_exactly_where_it_has_a_step_that_was_not_told() =>
        Gen.Select(SomeSteps, SomeSteps).Sample((told, more) =>
        {
            var known = StepsKnown.Parse(StepsKnown.Of(Story(told)).ToString());
            Assert.True(known.Covers(Story([.. told.Reverse()])));
            Assert.Equal(more.All(told.Contains), known.Covers(Story([.. more, .. told])));
            Assert.False(known.IsAheadOf(Story([.. told, .. more])));
            Assert.Equal(told.Length > 0, known.IsAheadOf(Story([])));
        });

    [Theory]
    [InlineData("")]
    [InlineData("no id of ours")]
    [InlineData("0123456789AB")]
    [InlineData("0123456789ab.")]
    [InlineData("0123456789ab..0123456789ab")]
    [InlineData(null)]
    public void What_is_no_id_of_a_message_begins_from_the_start(string? id) =>
        Assert.False(StepsKnown.Parse(id).IsAheadOf(Story([])));

    [Fact]
    public void What_is_far_too_long_is_not_even_looked_at() => Assert.False(
        StepsKnown.Parse(string.Join('.', Enumerable.Repeat("0123456789ab", 10_000))).IsAheadOf(Story([])));

    private static CheckoutStory Story(IReadOnlyList<Step> steps) => new(Guid.Empty,
        new("gorilla", 500, "Pending", null, DateTime.UnixEpoch, DateTime.UnixEpoch, null), steps, null);
}
