using Checkout.Store.Checkouts;
using Checkout.Store.Checkouts.Admitting;
using CsCheck;
using Xunit;

namespace Checkout.Store.Tests.Admitting;

/// <summary>When a post is taken, played with a clock that moves when it is told to.</summary>
public sealed class AdmissionTests
{
    private static readonly CheckoutOptions Options = new();

    [Fact]
    public void An_idle_shop_takes_what_comes_at_once_up_to_what_surely_may_be_under_way()
    {
        var shop = new Shop(Options);
        for (var i = 0; i < Options.SurelyUnderWay; i++) Assert.Equal(Verdict.Open, shop.Post().Verdict);
        Assert.Equal(Verdict.Overload, shop.Post().Verdict);
    }

    /// <summary>
    /// Nothing ends for as long as a short outage of Kafka lasts. At the rate of a busy day, all are taken.
    /// </summary>
    [Theory]
    [InlineData(5)]
    [InlineData(40)]
    [InlineData(400)]
    public void A_short_outage_refuses_nobody_while_it_lasts(int perSecond)
    {
        var shop = new Shop(Options);
        shop.Run(seconds: 20, postsPerSecond: perSecond, endsPerSecond: 1_000);
        shop.Run(seconds: 25, postsPerSecond: perSecond, endsPerSecond: 0);
        Assert.Equal(0, shop.Refused);
    }

    /// <summary>However short the objective: that nothing ends is not that there is too much.</summary>
    [Fact]
    public void A_short_outage_is_no_overload()
    {
        var shop = new Shop(new() { Objective = TimeSpan.FromSeconds(1), LongestQueue = TimeSpan.FromSeconds(20) });
        shop.Run(seconds: 20, postsPerSecond: 10, endsPerSecond: 500);
        shop.Run(seconds: 15, postsPerSecond: 10, endsPerSecond: 0);
        shop.Run(seconds: 20, postsPerSecond: 10, endsPerSecond: 500);
        Assert.Equal(0, shop.Refused);
    }

    [Fact]
    public void At_a_low_rate_nobody_is_refused_after_a_short_outage_either()
    {
        var shop = new Shop(Options);
        shop.Run(seconds: 20, postsPerSecond: 10, endsPerSecond: 500);
        shop.Run(seconds: 10, postsPerSecond: 10, endsPerSecond: 0);
        shop.Run(seconds: 20, postsPerSecond: 10, endsPerSecond: 500);
        Assert.Equal(0, shop.Refused);
    }

    [Fact]
    public void A_long_outage_shuts_the_shop_but_for_a_probe_now_and_then_and_it_opens_by_itself()
    {
        var shop = new Shop(Options);
        shop.Run(seconds: 10, postsPerSecond: 20, endsPerSecond: 500);
        shop.Run(seconds: 36, postsPerSecond: 20, endsPerSecond: 0);
        var (taken, refused) = (shop.Taken, shop.Refused);
        shop.Run(seconds: 30, postsPerSecond: 20, endsPerSecond: 0);
        Assert.InRange(shop.Taken - taken, 8, 12);
        Assert.InRange(shop.Refused - refused, 580, 592);
        Assert.Equal(Verdict.Standstill, shop.Last);

        shop.Run(seconds: 5, postsPerSecond: 20, endsPerSecond: 500);
        refused = shop.Refused;
        shop.Run(seconds: 5, postsPerSecond: 20, endsPerSecond: 500);
        Assert.Equal(refused, shop.Refused);
        Assert.Equal(0, shop.Stuck);
    }

    /// <summary>Where hardly anybody buys, one that is parked looks like an outage until another ends.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void What_is_parked_in_an_idle_shop_refuses_nobody(int parked)
    {
        var shop = new Shop(Options);
        for (var i = 0; i < parked; i++)
        {
            Assert.Equal(Verdict.Open, shop.Post(isParked: true).Verdict);
            shop.Passes(seconds: 100);
        }
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(Verdict.Open, shop.Post().Verdict);
            shop.Passes(seconds: 0.05);
            shop.EndAll();
            shop.Passes(seconds: 7);
        }
        Assert.Equal((parked, TimeSpan.Zero), (shop.Stuck, shop.Wait));
    }

    /// <summary>The probe is parked, too; and those who come then come all at once.</summary>
    [Fact]
    public void A_crowd_that_comes_to_an_idle_shop_with_parked_checkouts_is_taken()
    {
        var shop = new Shop(Options);
        for (var i = 0; i < 3; i++)
        {
            shop.Post(isParked: true);
            shop.Passes(seconds: 100);
        }
        for (var i = 0; i < 100; i++) Assert.Equal(Verdict.Open, shop.Post().Verdict);
        shop.Passes(seconds: 1);
        shop.EndAll();
        Assert.Equal(Verdict.Open, shop.Post().Verdict);
    }

    /// <summary>As of a version of Balance that can't read them: more than surely may be under way, at once.</summary>
    [Fact]
    public void Many_that_are_parked_at_once_shut_the_shop_for_some_seconds_and_no_more()
    {
        var shop = new Shop(Options);
        for (var i = 0; i < 2 * Options.SurelyUnderWay; i++) shop.Post(isParked: true);
        shop.Run(seconds: 15, postsPerSecond: 20, endsPerSecond: 500);
        var refused = shop.Refused;
        shop.Run(seconds: 60, postsPerSecond: 20, endsPerSecond: 500);
        Assert.Equal(refused, shop.Refused);
        Assert.Equal(Options.SurelyUnderWay, shop.Stuck);
    }

    [Fact]
    public void A_partition_that_is_held_is_counted_apart_and_refuses_nobody()
    {
        var shop = new Shop(Options);
        shop.Run(seconds: 120, postsPerSecond: 60, endsPerSecond: 500, isParked: i => i % 12 == 0);
        Assert.Equal(0, shop.Refused);
        Assert.InRange(shop.Stuck, 400, 600);
    }

    /// <summary>Whatever a machine can do, and however much more is asked for: what is taken ends in time.</summary>
    [Theory]
    [InlineData(100, 3)]
    [InlineData(400, 3)]
    [InlineData(1_500, 3)]
    [InlineData(1_500, 10)]
    public void At_a_multiple_of_what_can_be_done_what_is_taken_ends_within_the_objective(int canPerSecond, int times)
    {
        var shop = new Shop(Options);
        shop.Run(seconds: 60, postsPerSecond: times * canPerSecond, endsPerSecond: canPerSecond);
        Assert.InRange(shop.Longest, TimeSpan.Zero, Options.Objective);
        // And nothing of what can be done is left undone.
        Assert.InRange(shop.Ended, 0.95 * 60 * canPerSecond, 60 * canPerSecond + 1);
    }

    [Fact]
    public void A_machine_that_becomes_slower_takes_less()
    {
        var shop = new Shop(Options);
        shop.Run(seconds: 20, postsPerSecond: 3_000, endsPerSecond: 1_000);
        shop.Run(seconds: 60, postsPerSecond: 3_000, endsPerSecond: 700);
        Assert.InRange(shop.Longest, TimeSpan.Zero, Options.Objective);
    }

    /// <summary>Seen: on a machine that others use, too, nothing ended for some seconds.</summary>
    [Fact]
    public void A_machine_that_is_short_of_breath_under_overload_takes_no_more_meanwhile()
    {
        const int pause = 4;
        var shop = new Shop(Options);
        for (var i = 0; i < 5; i++)
        {
            shop.Run(seconds: 8, postsPerSecond: 3_000, endsPerSecond: 1_000);
            shop.Run(seconds: pause, postsPerSecond: 3_000, endsPerSecond: 0);
        }
        Assert.InRange(shop.Longest, TimeSpan.Zero, Options.Objective + TimeSpan.FromSeconds(pause));
    }

    [Fact]
    public void What_the_database_says_is_put_right_by_what_happened_meanwhile()
    {
        var shop = new Shop(Options);
        var (ended, waits, stays) = (shop.Post().Id, shop.Post().Id, shop.Post().Id);
        shop.Passes(seconds: 10);
        shop.Admission.BeginReconciling();
        shop.End(ended);
        var begun = shop.Post().Id;
        shop.Passes(seconds: 10);
        shop.Admission.Reconcile([ended, stays], newestEnded: null, shop.Now);
        // What the database does not have is gone, what ended meanwhile is no more, what began meanwhile is there.
        shop.End(stays);
        Assert.Equal(1, shop.UnderWay);
        shop.End(begun);
        Assert.Equal(0, shop.UnderWay);
        shop.End(waits);
        Assert.Equal(0, shop.UnderWay);
    }

    [Fact]
    public void An_instance_that_begins_knows_from_the_database_what_is_stuck()
    {
        var (shop, before) = (new Shop(Options), new Shop(Options));
        List<Guid> parked = [before.Post().Id, before.Post().Id, before.Post().Id];
        before.Passes(seconds: 100);
        var newest = before.Post().Id;
        shop.Passes(seconds: 200);
        shop.Admission.BeginReconciling();
        shop.Admission.Reconcile(parked, newest, shop.Now);
        Assert.Equal((3, TimeSpan.Zero), (shop.Stuck, shop.Wait));
        Assert.Equal(Verdict.Open, shop.Post().Verdict);
    }

    [Fact]
    public void An_id_that_says_no_time_and_one_from_the_future_shut_nothing()
    {
        var shop = new Shop(Options);
        for (var i = 0; i < 5; i++) shop.Admission.Begin(Guid.NewGuid());
        var ahead = Guid.CreateVersion7(new DateTimeOffset(shop.Now.AddHours(1)));
        shop.Admission.Begin(ahead);
        shop.Passes(seconds: 300);
        shop.End(ahead);
        shop.Passes(seconds: 1);
        Assert.Equal(Verdict.Open, shop.Post().Verdict);
        Assert.Equal(1, shop.UnderWay);
        shop.Passes(seconds: 10);
        Assert.InRange(shop.Wait, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(11));
    }

    /// <summary>In whatever order things begin, end, pass and are reconciled.</summary>
    [Fact]
    public void What_is_counted_is_what_began_and_did_not_end() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 19], Gen.Double[0, 20]).Array[0, 200].Sample(moves =>
        {
            var shop = new Shop(Options);
            var ids = Enumerable.Range(0, 20)
                .Select(i => Guid.CreateVersion7(new DateTimeOffset(shop.Now.AddSeconds(i)))).ToList();
            var expected = new HashSet<Guid>();
            foreach (var (what, which, passes) in moves)
            {
                var id = ids[which];
                shop.Passes(passes);
                if (what == 0 && expected.Add(id)) shop.Admission.Begin(id);
                if (what == 1 && expected.Remove(id)) shop.End(id);
                if (what == 2 && expected.Contains(id)) shop.Admission.Pass(id, shop.Now);
                if (what == 3 && expected.Remove(id)) shop.Admission.TakeBack(id);
                if (what != 4) continue;
                shop.Admission.BeginReconciling();
                shop.Admission.Reconcile([.. expected], newestEnded: null, shop.Now);
            }
            Assert.Equal(expected.Count, shop.UnderWay + shop.Stuck);
        });
}
