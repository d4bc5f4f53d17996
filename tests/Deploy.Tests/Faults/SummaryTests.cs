using Checkout.Faults;
using Xunit;

namespace Checkout.Deploy.Tests.Faults;

public sealed class SummaryTests
{
    private static readonly PlayedRound[] Played =
    [
        Rounds.Held(1, seconds: 10, kinds: [FaultKind.TailerKilled]),
        Rounds.Held(2, seconds: 20, kinds: [FaultKind.TailerKilled, FaultKind.BrokerKilled]) with { Duplicates = 3 },
        Rounds.Violated(4, "Store has 3 of 4. It should have all", FaultKind.BrokerKilled) with { Seconds = 31.5 },
        Rounds.Held(1, seed: 7, seconds: 40, kinds: [FaultKind.TailerKilled]),
    ];

    [Fact]
    public void A_line_a_kind_says_how_often_it_struck_and_how_long_its_rounds_were() => Assert.Equal(
        [
            "| kind | rounds | alone | violated | median s | longest s |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
            "| tailer-killed | 3 | 2 | 0 | 20.0 | 40.0 |",
            "| broker-killed | 2 | 1 | 1 | 25.8 | 31.5 |",
        ],
        Summary.OfKinds(Played));

    [Fact]
    public void A_ledger_is_summed_up_by_commit_configuration_broker_and_selection()
    {
        var changed = Rounds.Released with { Commit = "abc+changes", Configuration = "Debug" };
        var debug = Rounds.Held(1, series: changed) with { Time = Played[^1].Time.AddDays(1) };
        var lines = Summary.OfLedger(new([.. Played, debug], Unreadable: 2)).ToList();
        Assert.Equal(
            ["### d0e5241cab48, Release, Apache Kafka 4.3.1, all", "### abc+changes, Debug, Apache Kafka 4.3.1, all"],
            lines.Where(line => line.StartsWith('#')));
        Assert.Contains("| 3 | 1 | 3 | 480 | 3 | 1.7 | 1: 1-2, 4; 7: 1 |", lines);
        Assert.Contains("- Violated: round 4 of seed 1 (broker-killed @1.0s): Store has 3 of 4", lines);
        Assert.Equal("Lines of the ledger that could not be read: 2", lines[^1]);
    }

    [Fact]
    public void An_empty_ledger_has_nothing_to_say() => Assert.Empty(Summary.OfLedger(new([], 0)));
}
