using Checkout.Chassis.Entrance;
using CsCheck;
using Xunit;

namespace Checkout.Chassis.Tests.Entrance;

public sealed class ExactNumberTests
{
    [Fact]
    public void The_bound_is_what_a_double_still_tells_from_the_next_one()
    {
        Assert.Equal(9_007_199_254_740_991, ExactNumber.Max);
        Assert.Null(ExactNumber.Problem("coins", ExactNumber.Max, least: 1));
        Assert.Equal($"coins is {ExactNumber.Max + 1}; give a whole number from 1 to {ExactNumber.Max}.",
            ExactNumber.Problem("coins", ExactNumber.Max + 1, least: 1));
        Assert.NotNull(ExactNumber.Problem("coins", 0, least: 1));
        Assert.Null(ExactNumber.Problem("coins", 0, least: 0));
    }

    [Fact]
    public void A_sum_stays_below_it_or_is_a_sentence_and_never_an_overflow() =>
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Long[1, long.MaxValue]).Sample((held, added) =>
        {
            var sum = (Int128)held + added;
            if (sum <= ExactNumber.Max) Assert.Equal((long)sum, ExactNumber.Sum("It", held, added));
            else Assert.Contains("the most that can be held",
                Assert.Throws<ArgumentException>(() => ExactNumber.Sum("It", held, added)).Message,
                StringComparison.Ordinal);
        });
}
