using CsCheck;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class SuccessorRuleTests
{
    [Theory]
    [InlineData(5, 0, Step.Skip)]
    [InlineData(7, 5, Step.Skip)]
    [InlineData(9, 7, Step.Publish)]
    [InlineData(12, 9, Step.Missing)]
    [InlineData(9, 6, Step.Contradiction)]
    public void After_position_7_an_event_is_judged_by_its_position_and_its_previous(long position, long previous,
        Step expected) =>
        Assert.Equal(expected, new SuccessorRule([7]).Judge(0, position, previous));

    [Fact]
    public void Partitions_have_chains_of_their_own()
    {
        var rule = new SuccessorRule([3, 0]);
        rule.Advance(1, 8);
        Assert.Equal(Step.Publish, rule.Judge(0, 9, 3));
        Assert.Equal(Step.Publish, rule.Judge(1, 9, 8));
    }

    /// <summary>
    /// Whatever each partition of the topic holds already (a prefix of its chain), and wherever the log begins to
    /// speak: if missing events are fetched from the store, each event is taken exactly once, in order.
    /// </summary>
    [Fact]
    public void From_any_ends_and_any_start_of_the_log_every_partition_becomes_the_whole_chain() =>
        Gen.Select(Gen.Int[0, 2].Array[1, 40], Gen.Int[0, 40].Array[3], Gen.Int[0, 40])
            .Sample((partitionOf, keeps, logStart) =>
        {
            var store = Chain(partitionOf);
            var topic = Enumerable.Range(0, 3)
                .Select(p => store.Where(e => e.Partition == p).Select(e => e.Position).Take(keeps[p]).ToList())
                .ToArray();
            var rule = new SuccessorRule(topic.Select(t => t.LastOrDefault()));
            foreach (var e in store.Skip(logStart))
            {
                if (rule.Judge(e.Partition, e.Position, e.Previous) == Step.Missing)
                    foreach (var earlier in store.Where(x => x.Position < e.Position)) Take(earlier);
                Take(e);
            }
            foreach (var e in store.Skip(logStart)) Assert.Contains(e.Position, topic[e.Partition]);
            for (var p = 0; p < 3; p++)
                Assert.Equal(store.Where(e => e.Partition == p).Select(e => e.Position).Take(topic[p].Count), topic[p]);

            void Take((long Position, long Previous, int Partition) e)
            {
                if (rule.Judge(e.Partition, e.Position, e.Previous) != Step.Publish) return;
                topic[e.Partition].Add(e.Position);
                rule.Advance(e.Partition, e.Position);
            }
        });

    private static List<(long Position, long Previous, int Partition)> Chain(int[] partitionOf)
    {
        var last = new long[3];
        var chain = new List<(long, long, int)>();
        for (var i = 0; i < partitionOf.Length; i++)
        {
            var p = partitionOf[i];
            chain.Add((i + 1, last[p], p));
            last[p] = i + 1;
        }
        return chain;
    }
}
