using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Dapper;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>
/// A store was restored behind its topic, or the service's own database was: a position names an event only within one
/// history.
/// </summary>
public sealed class TwoHistoriesTests(Stage stage)
{
    [Fact]
    public async Task Another_event_at_the_position_handled_last_is_held_and_said_and_never_taken_for_seen()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.StartInstanceAsync();
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(1)));
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(2)));
        // The store lost its second event, and numbers the next one so again.
        var other = new TestChain(stage, world.Chain.Topic, 1);
        await other.NumberAsync(Asked(1));
        await other.TellAsync(Asked(10));
        await other.TellAsync(Asked(20));
        await Eventually.Until(async () => (await instance.State.CheckHealthAsync(new())).Status
            == HealthStatus.Degraded, "the contradiction is told");
        var said = (await instance.State.CheckHealthAsync(new())).Description;
        Assert.Contains("position 2 of " + world.Chain.Topic, said, StringComparison.Ordinal);
        Assert.Contains("was handled at that position", said, StringComparison.Ordinal);
        Assert.Equal((3, 2), ((await world.TotalsAsync())["anna"], await world.HandledAsync(0)));

        // Also by an instance that comes later, and would find its successor fitting.
        await instance.StopAsync();
        var later = await world.StartInstanceAsync();
        await Eventually.Until(async () => (await later.State.CheckHealthAsync(new())).Status
            == HealthStatus.Degraded, "the contradiction is told");
        Assert.Equal(3, (await world.TotalsAsync())["anna"]);
        Assert.Equal(2, GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0));
    }

    [Fact]
    public async Task A_topic_that_ends_before_what_was_handled_is_said_and_nothing_of_it_is_taken_for_seen()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var first = await world.NewInstanceAsync();
        await first.HandleAsync(Enumerable.Range(0, 5).Select(_ => Asked(1)));
        // The topic is anew, and so is what the store has told since.
        var other = new TestChain(stage, world.Chain.Topic, 1);
        await other.TellAsync(Asked(1));
        await other.TellAsync(Asked(10));
        var instance = await world.StartInstanceAsync();
        await Eventually.Until(() => instance.State.BehindPartitions == 1, "the end is noticed");
        Assert.Contains($"{world.Chain.Topic}/0 ends at position 2, and 5 was handled",
            (await instance.State.CheckHealthAsync(new())).Description, StringComparison.Ordinal);
        Assert.Equal(1, instance.Readings.Gauge("reactor.behind.partitions"));
        // It is no offset that was got through.
        await instance.StopAsync();
        Assert.Equal(0, GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0));
    }

    /// <summary>The restored store gave the position handled last to another partition.</summary>
    [Fact]
    public async Task A_record_that_follows_an_earlier_one_than_was_handled_is_another_history()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.StartInstanceAsync();
        await world.Chain.TellAsync(Asked(1));
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(2)));
        var other = new TestChain(stage, world.Chain.Topic, World.Partitions);
        var elsewhere = Enumerable.Range(0, 100).Select(i => $"n{i}")
            .First(name => other.PartitionOf(name) != other.PartitionOf("anna"));
        await other.NumberAsync(Asked(1));
        await other.NumberAsync(ReactorLoopTests.Asked(elsewhere, 1));
        await other.TellAsync(Asked(10));
        await Eventually.Until(() => instance.State.HeldPartitions == 1, "the partition is held");
        Assert.Contains("goes on behind position 1, and 2 was handled: its store has another history than it had",
            (await instance.State.CheckHealthAsync(new())).Description, StringComparison.Ordinal);
        Assert.Equal(3, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task A_late_duplicate_at_the_end_of_a_topic_is_no_lost_end()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.StartInstanceAsync();
        var records = new List<ChainRecord>();
        for (var i = 0; i < 3; i++) records.Add(await world.Chain.TellAsync(Asked(1)));
        await world.UntilHandledAsync(records[^1]);
        await world.Chain.SendAsync(records[0]);
        await Eventually.Until(() => GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0) == 4,
            "the duplicate is got through");
        await instance.StopAsync();
        // It begins with the duplicate, which is all that it reads at first.
        var later = await world.StartInstanceAsync();
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(1)));
        Assert.Equal((0, 0), (later.State.BehindPartitions, later.Lines.Count(" ends at position ")));
        Assert.Equal(4, (await world.TotalsAsync())["anna"]);
    }

    /// <summary>Kafka's offsets are of the time after the backup.</summary>
    [Fact]
    public async Task A_service_that_was_restored_reads_facts_without_a_chain_again_from_where_its_backup_was()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.StartInstanceAsync();
        await TipAsync(world, 1);
        await world.UntilTotalAsync("anna", 1);
        await Eventually.Until(() => GroupOffsets.Committed(stage, world.Table.Service, world.Facts, 0) == 1,
            "the offset is committed");
        await TipAsync(world, 10);
        await world.UntilTotalAsync("anna", 11);
        await instance.StopAsync();
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync(
                """
                UPDATE tallies SET total = 1;
                DELETE FROM tips WHERE reference = '10';
                DELETE FROM events WHERE position = 2;
                UPDATE head SET position = 1, last = (SELECT array_agg(least(l, 1)) FROM unnest(last) AS l);
                UPDATE handled SET position = 1 WHERE topic = @Facts
                """, new { world.Facts });
        await world.StartInstanceAsync();
        await world.UntilTotalAsync("anna", 11);
    }

    /// <summary>In a rolling deploy: it moves the position and not the id.</summary>
    [Fact]
    public async Task What_an_older_version_handled_is_seen_and_no_contradiction()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        var records = new List<ChainRecord>();
        for (var i = 0; i < 3; i++) records.Add(await world.Chain.NumberAsync(Asked(1)));
        await instance.HandleAsync(records[0]);
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync("UPDATE handled SET position = 2");
        var result = await instance.HandleAsync(records[1], records[2]);
        Assert.Empty(result.Stops);
        Assert.Equal((3, 2), (await world.HandledAsync(0), (await world.TotalsAsync())["anna"]));
    }

    private static Asked Asked(long number) => ReactorLoopTests.Asked("anna", number);

    private static async Task TipAsync(World world, long number)
    {
        var record = await world.Chain.NumberAsync(new Tipped
        {
            Name = "anna",
            Number = number,
            Reference = number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        });
        await world.Chain.SendAsync(world.Facts, record with { Partition = 0, Headers = [] });
    }
}
