using Checkout.Simulation.Model;

namespace Checkout.Simulation;

/// <summary>A judge that never finds anything proves nothing: systems that break a rule must be caught.</summary>
public sealed class JudgeTests
{
    private const int MaxSeeds = 100;

    [Fact]
    public Task The_judge_notices_a_service_that_handles_what_it_has_seen_before() =>
        IsNoticed(new() { IgnoresTheChain = true }, "again");

    [Fact]
    public Task The_judge_notices_second_answers_even_under_new_ids() =>
        IsNoticed(new() { IgnoresTheChain = true, MakesUpIds = true }, "");

    [Fact]
    public Task The_judge_notices_an_old_owner_that_commits_without_looking_again() =>
        IsNoticed(new() { DoesNotLookAgain = true }, "is there already");

    [Fact]
    public Task The_judge_notices_a_service_that_steps_over_a_missing_record() =>
        IsNoticed(new() { StepsOverGaps = true }, "did not end");

    [Fact]
    public Task The_judge_notices_a_refund_that_is_never_paid() =>
        IsNoticed(new() { NeverRefunds = true }, "RefundDue");

    [Fact]
    public Task The_judge_notices_an_event_that_never_reached_its_topic() =>
        IsNoticed(new() { LosesAnEvent = true }, "the positions are not those of the store");

    private static async Task IsNoticed(Flaws flaws, string sentence)
    {
        var others = new List<string>();
        for (var seed = 0; seed < MaxSeeds; seed++)
        {
            var findings = await Run.OfAsync(seed, flaws);
            if (findings.Any(finding => finding.Contains(sentence, StringComparison.Ordinal))) return;
            others.AddRange(findings);
        }
        Assert.Fail($"No finding of {MaxSeeds} seeds says: {sentence}. Others: {string.Join("; ", others)}");
    }
}
