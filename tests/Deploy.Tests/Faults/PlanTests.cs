using Checkout.Faults;
using CsCheck;
using Xunit;

namespace Checkout.Deploy.Tests.Faults;

/// <summary>The same seed plays the same faults, whatever else the campaign was told.</summary>
public sealed class PlanTests
{
    [Fact]
    public void A_rounds_faults_follow_from_seed_and_round_alone() =>
        Gen.Select(Gen.Int, Gen.Int[1, 10_000]).Sample((seed, round) =>
    {
        var before = Plan.Of(seed, round, FaultKinds.All);
        // Other rounds played between change nothing.
        for (var other = 1; other < 5; other++) Plan.Of(seed, other, FaultKinds.InMemory);
        Assert.Equal(before.Faults, Plan.Of(seed, round, FaultKinds.All).Faults);
    });

    [Fact]
    public void A_seed_of_the_past_plays_what_it_played_with_the_kinds_of_then() => Assert.Equal(
        ["database-restarted @0.2s", "tailers-killed @0.5s", "topic-deleted balance.accounts @0.6s"],
        Plan.Of(1, 1, [.. FaultKinds.All.Where(kind => kind <= FaultKind.ClusterLost)]).Faults
            .Select(f => f.ToString()));

    [Fact]
    public void A_clock_goes_ahead_or_behind_by_less_than_services_bear()
    {
        var shifts = Enumerable.Range(1, 100)
            .SelectMany(round => Plan.Of(1, round, [FaultKind.ClockShifted]).Faults).Select(f => f.Shift).ToList();
        Assert.All(shifts, shift => Assert.InRange(shift.Duration(), TimeSpan.FromSeconds(10),
            TimeSpan.FromSeconds(360)));
        Assert.Contains(shifts, shift => shift > TimeSpan.Zero);
        Assert.Contains(shifts, shift => shift < TimeSpan.Zero);
    }

    [Fact]
    public void Each_kind_is_alone_once_in_three_times_as_many_rounds_as_there_are_kinds() =>
        Gen.Select(Gen.Int, Gen.Int[1, 10_000]).Sample((seed, first) =>
        {
            var alone = Enumerable.Range(first, 3 * FaultKinds.All.Count).Where(round => round % 3 == 0)
                .Select(round => Plan.Of(seed, round, FaultKinds.All)).ToList();
            Assert.All(alone, plan => Assert.True(plan is { Alone: true, Faults.Count: 1 }));
            Assert.Equal(FaultKinds.All, alone.Select(plan => plan.Faults[0].Kind).Order());
        });

    [Fact]
    public void Seeds_play_the_kinds_alone_in_different_orders() => Assert.NotEqual(
        Enumerable.Range(1, 20).Select(turn => Plan.Of(1, 3 * turn, FaultKinds.All).Kinds[0]),
        Enumerable.Range(1, 20).Select(turn => Plan.Of(2, 3 * turn, FaultKinds.All).Kinds[0]));

    [Fact]
    public void Of_the_other_rounds_most_are_a_mixture()
    {
        var plans = Enumerable.Range(1, 600).Where(round => round % 3 != 0)
            .Select(round => Plan.Of(1, round, FaultKinds.All)).ToList();
        Assert.InRange(plans.Count(plan => !plan.Alone), plans.Count / 2, plans.Count);
        Assert.All(plans, plan => Assert.Equal(plan.Alone, plan.Faults.DistinctBy(f => f.Kind).Count() == 1));
    }

    [Fact]
    public void A_kind_chosen_by_itself_is_alone_in_every_round_and_drawn_as_in_a_mixture()
    {
        var plans = Enumerable.Range(1, 60).Select(round => Plan.Of(4, round, [FaultKind.ServiceKilled])).ToList();
        Assert.All(plans, plan => Assert.True(plan.Alone));
        Assert.Contains(plans, plan => plan.Round % 3 == 0 && plan.Faults.Count > 1);
    }

    [Fact]
    public void Every_kind_comes_and_rounds_have_one_to_three_faults()
    {
        var plans = Enumerable.Range(1, 500).Select(round => Plan.Of(1, round, FaultKinds.All)).ToList();
        Assert.Equal(FaultKinds.All, plans.SelectMany(p => p.Faults).Select(f => f.Kind).Distinct().Order());
        Assert.All(plans, plan => Assert.InRange(plan.Faults.Count, 1, 3));
    }

    [Fact]
    public void PostgreSQL_Kafka_and_the_registry_suffer_one_fault_a_round_at_most() => Assert.All(
        Enumerable.Range(1, 500).Select(round => Plan.Of(2, round, FaultKinds.All)),
        plan => Assert.All(plan.Faults.CountBy(f => f.Kind.Ground()).Where(g => g.Key != Ground.Processes),
            g => Assert.Equal(1, g.Value)));

    /// <summary>It is completed from there.</summary>
    [Fact]
    public void Whose_database_is_taken_keeps_its_topic_and_its_broker() => Assert.All(
        Enumerable.Range(1, 500).Select(round => Plan.Of(6, round, FaultKinds.All)).Where(plan => plan.Faults.Any(f =>
            f.Kind is FaultKind.DatabaseLost or FaultKind.DatabaseRestored)),
        plan => Assert.DoesNotContain(plan.Faults, f => f.Kind.Ground() == Ground.Kafka));

    [Fact]
    public void Only_the_chosen_kinds_are_played() => Assert.All(
        Enumerable.Range(1, 50)
        .SelectMany(round => Plan.Of(3, round, [FaultKind.BrokerKilled, FaultKind.TailerFrozen]).Faults),
        fault => Assert.True(fault.Kind is FaultKind.BrokerKilled or FaultKind.TailerFrozen));

    [Fact]
    public void Every_kind_is_called_by_a_word_of_its_own() =>
        Assert.All(FaultKinds.All, kind => Assert.Equal(kind, FaultKinds.Parse(kind.Word())));
}
