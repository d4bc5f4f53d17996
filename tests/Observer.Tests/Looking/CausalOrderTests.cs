using Checkout.Observer.Looking;
using CsCheck;
using Xunit;

namespace Checkout.Observer.Tests.Looking;

public sealed class CausalOrderTests
{
    private static readonly DateTime At = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    [Fact]
    public void What_follows_from_something_comes_behind_it_whatever_the_clocks_say() =>
        (from clocks in Gen.Int[-10_000, 10_000].Array[4] from seed in Gen.Int select (clocks, seed)).Sample(given =>
        {
            string[] topics = ["store.checkouts", "balance.accounts", "inventory.avatars", "store.checkouts"];
            var story = topics.Select((topic, i) => Event(i, topic, i / 3 + 1, i - 1,
                At.AddMilliseconds(given.clocks[i]))).ToList();
            var mixed = story.OrderBy(e => HashCode.Combine(e.EventId, given.seed)).ToList();
            Assert.Equal(story, CausalOrder.Of(mixed));
        });

    [Fact]
    public void Events_of_one_partition_keep_its_order_where_no_cause_is_known() => Assert.Equal([1L, 2L],
        CausalOrder.Of([Event(2, "store.checkouts", 2, null, At), Event(1, "store.checkouts", 1, null, At.AddHours(1))])
            .Select(e => e.Position));

    [Fact]
    public void A_circle_that_somebody_forged_ends() =>
        Assert.Equal(2, CausalOrder.Of([Event(1, "a", 1, 2, At), Event(2, "b", 1, 1, At)]).Count);

    private static SeenEvent Event(int id, string topic, long position, int? cause, DateTime at) => new(topic, position,
        0, new Guid(id + 1, 0, 0, new byte[8]), "avatarstore.Any", "/store/0", at, at, null,
        cause is { } of and >= 0 ? new Guid(of + 1, 0, 0, new byte[8]) : null, null, null);
}
