using Checkout.Chassis.WireFormat;
using CsCheck;
using Xunit;

namespace Checkout.Chassis.Tests.WireFormat;

public sealed class ChainTests
{
    private static readonly Gen<long[]> Positions = Gen.Int[1, 5].Array[1, 30].Select(steps =>
    {
        var positions = new long[steps.Length];
        for (var i = 0; i < steps.Length; i++) positions[i] = steps[i] + (i == 0 ? 0 : positions[i - 1]);
        return positions;
    });

    [Fact]
    public void Of_a_whole_chain_exactly_the_successor_of_what_was_handled_is_next() =>
        Gen.Select(Positions, Gen.Int[0, 30]).Sample((positions, handledCount) =>
        {
            handledCount = Math.Min(handledCount, positions.Length);
            var handled = handledCount == 0 ? 0 : positions[handledCount - 1];
            for (var i = 0; i < positions.Length; i++)
            {
                var expected = i < handledCount ? Link.Seen : i == handledCount ? Link.Next : Link.Gap;
                Assert.Equal(expected, Chain.Place(positions[i], i == 0 ? 0 : positions[i - 1], handled));
            }
        });

    [Fact]
    public void However_records_are_repeated_dropped_and_sent_again_each_is_taken_once_and_in_order() =>
        Gen.Select(Positions, Gen.Int[0, 29].Array[0, 200]).Sample((positions, arrivals) =>
        {
            var taken = new List<long>();
            // What came in any order, and at last the whole chain from its start.
            foreach (var i in arrivals.Select(a => a % positions.Length).Concat(Enumerable.Range(0, positions.Length)))
                if (Chain.Place(positions[i], i == 0 ? 0 : positions[i - 1], taken.Count == 0 ? 0 : taken[^1])
                    == Link.Next) taken.Add(positions[i]);
            Assert.Equal(positions, taken);
        });
}
