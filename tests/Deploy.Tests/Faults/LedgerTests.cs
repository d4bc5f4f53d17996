using Checkout.Faults;
using Xunit;

namespace Checkout.Deploy.Tests.Faults;

public sealed class LedgerTests : IDisposable
{
    private const int Writers = 4;
    private const int RoundsEach = 100;

    private readonly string _folder = Directory.CreateTempSubdirectory("checkout-ledger").FullName;

    private string File => Path.Combine(_folder, "below", "ledger.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_appended_is_read()
    {
        var ledger = new Ledger(File);
        var held = Rounds.Held(1, kinds: [FaultKind.TailerKilled, FaultKind.BrokerKilled]);
        var violated = Rounds.Violated(2, "Store has 3 of 4. It should have all\n   at Judge");
        ledger.Append(held);
        ledger.Append(violated);
        Assert.Equivalent(new[] { held, violated }, ledger.Read().Rounds, strict: true);
    }

    [Fact]
    public void A_round_is_a_line_that_other_programs_read_too()
    {
        var changed = Rounds.Released with { Commit = "d0e5+changes" };
        new Ledger(File).Append(Rounds.Held(7, series: changed) with { Time = default });
        Assert.Equal(
            """
            {"time":"0001-01-01T00:00:00","commit":"d0e5+changes","configuration":"Release",
            "broker":"Apache Kafka 4.3.1","seed":1,"round":7,"selection":"all",
            "faults":["tailer-killed @1.0s"],"kinds":["tailer-killed"],"alone":true,
            "verdict":"held","checkouts":160,"duplicates":0,"seconds":10}
            """.ReplaceLineEndings("") + "\n",
            System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void A_ledger_that_is_not_there_holds_no_rounds() => Assert.Empty(new Ledger(File).Read().Rounds);

    [Fact]
    public void A_line_that_is_no_round_is_counted_and_hides_none()
    {
        var ledger = new Ledger(File);
        ledger.Append(Rounds.Held(1));
        System.IO.File.AppendAllText(File, """{"time":"2026-""" + "\n");
        ledger.Append(Rounds.Held(2));
        var read = ledger.Read();
        Assert.Equal([1, 2], read.Rounds.Select(r => r.Round));
        Assert.Equal(1, read.Unreadable);
    }

    [Fact]
    public async Task Writers_and_a_reader_at_once_lose_no_line()
    {
        await Task.WhenAll(Enumerable.Range(1, Writers).Select(seed => Task.Factory.StartNew(() =>
        {
            var ledger = new Ledger(File);
            for (var round = 1; round <= RoundsEach; round++)
            {
                ledger.Append(Rounds.Held(round, seed));
                Assert.Equal(0, ledger.Read().Unreadable);
            }
        }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        var read = new Ledger(File).Read().Rounds;
        Assert.Equal(Writers * RoundsEach, read.Count);
        Assert.All(
            read.GroupBy(r => r.Seed),
            its => Assert.Equal(Enumerable.Range(1, RoundsEach), its.Select(r => r.Round)));
    }

    [Fact]
    public void Rounds_count_together_on_one_commit_configuration_broker_and_selection()
    {
        Series[] others =
        [
            Rounds.Released with { Commit = Rounds.Released.Commit + "+changes" },
            Rounds.Released with { Configuration = "Debug" },
            Rounds.Released with { Broker = "in-memory" },
            Rounds.Released with { Selection = "broker-restarted" },
        ];
        PlayedRound[] own = [Rounds.Held(1), Rounds.Held(1, seed: 2), Rounds.Violated(2, "Lost")];
        var ledger = new LedgerContents([.. others.Select(other => Rounds.Held(1, series: other)), .. own], 0);
        Assert.Equal(2, ledger.Held(Rounds.Released));
        Assert.Equal(1, ledger.Violated(Rounds.Released));
        Assert.All(others, other => Assert.Equal(1, ledger.Held(other)));
    }

    [Fact]
    public void A_seed_goes_on_after_its_last_round()
    {
        var ledger = new LedgerContents(
            [Rounds.Held(1), Rounds.Held(2), Rounds.Violated(3, "Lost"), Rounds.Held(9, seed: 2)], 0);
        Assert.Equal(4, ledger.NextRound(Rounds.Released, seed: 1, first: 1));
        Assert.Equal(10, ledger.NextRound(Rounds.Released, seed: 2, first: 1));
        Assert.Equal(1, ledger.NextRound(Rounds.Released, seed: 3, first: 1));
        Assert.Equal(20, ledger.NextRound(Rounds.Released, seed: 1, first: 20));
        Assert.Equal(1, ledger.NextRound(Rounds.Released with { Commit = "another" }, seed: 1, first: 1));
    }
}
