using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Dapper;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

public sealed class ReactorLoopTests(Stage stage)
{
    [Fact]
    public async Task An_event_is_handled_and_answered()
    {
        await using var world = await World.NewAsync(stage);
        var record = await world.Chain.TellAsync(Asked("anna", 5));
        await world.StartInstanceAsync();
        await world.UntilTotalAsync("anna", 5);
        var answer = Assert.Single(await world.EventsAsync());
        Assert.Equal((1, "anna", record.EventId), (answer.Position, answer.Key, answer.CausationId));
    }

    [Fact]
    public async Task Records_written_twice_are_handled_once()
    {
        await using var world = await World.NewAsync(stage);
        await world.StartInstanceAsync();
        var records = new List<ChainRecord>();
        for (var i = 0; i < 60; i++) records.Add(await world.Chain.NumberAsync(Asked($"n{i % 6}", 1)));
        await world.Chain.SendAsync(records.Take(40));
        // As a tailer does that woke up late: what was sent already comes again, in order, and then what follows.
        await world.Chain.SendAsync(records.Skip(20));
        foreach (var end in records.GroupBy(r => r.Partition).Select(g => g.Last())) await world.UntilHandledAsync(end);
        Assert.Equal(60, (await world.EventsAsync()).Count);
        Assert.Equal(Enumerable.Range(0, 6).ToDictionary(i => $"n{i}", _ => 10L), await world.TotalsAsync());
    }

    [Fact]
    public async Task A_group_that_lost_its_offsets_reads_everything_again_and_answers_nothing_again()
    {
        await using var world = await World.NewAsync(stage);
        for (var i = 0; i < 20; i++) await world.Chain.TellAsync(Asked($"n{i % 4}", 1));
        var first = await world.StartInstanceAsync();
        await Eventually.Until(async () => (await world.EventsAsync()).Count == 20, "20 answers");
        await first.StopAsync();
        var second = await world.StartInstanceAsync(settings => settings.Group = BrokerFixture.NewName("lost"));
        await Eventually.Until(() => second.Readings.Sum("reactor.seen.messages") == 20, "all was read again");
        await world.Chain.TellAsync(Asked("fence", 1));
        await world.UntilTotalAsync("fence", 1);
        Assert.Equal(21, (await world.EventsAsync()).Count);
    }

    [Fact]
    public async Task An_offset_is_committed_after_the_transaction_it_stands_for()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        await world.StartInstanceAsync();
        await world.Chain.TellAsync(Asked("anna", 1));
        await Eventually.Until(() => GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0) == 1,
            "the first offset is committed");
        await using (await HoldAsync(world, "anna"))
        {
            await world.Chain.TellAsync(Asked("anna", 2));
            await Eventually.Until(() => WaitsForLockAsync(world), "the batch waits for the tally");
            // The client commits every second: after two of them it would be there if it were stored.
            using var offsets = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
            for (var look = 0; look < 5 && await offsets.WaitForNextTickAsync(); look++)
                Assert.Equal(1, GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0));
        }
        await Eventually.Until(() => GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0) == 2,
            "the second offset is committed");
        Assert.Equal(3, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task A_stopped_instance_has_committed_what_it_handled()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.StartInstanceAsync();
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked("anna", 1)));
        await instance.StopAsync();
        Assert.Equal(1, GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0));
    }

    [Fact]
    public async Task Offsets_move_over_what_was_seen_before_too()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        await world.StartInstanceAsync();
        var record = await world.Chain.TellAsync(Asked("anna", 1));
        await world.UntilHandledAsync(record);
        await world.Chain.SendAsync(Enumerable.Repeat(record, 9));
        await Eventually.Until(() => GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0) == 10,
            "the offset after the last duplicate is committed");
        Assert.Single(await world.EventsAsync());
    }

    [Fact]
    public async Task Facts_without_a_chain_and_chained_events_go_through_one_loop()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        await world.StartInstanceAsync();
        var fact = await world.Chain.NumberAsync(new Tipped { Name = "anna", Number = 7, Reference = "day-1" });
        await world.Chain.SendAsync(world.Facts, fact with { Headers = [] }, fact with { Headers = [] });
        await new TestChain(stage, world.Chain.Topic, 1).TellAsync(Asked("anna", 1));
        await world.UntilTotalAsync("anna", 8);
    }

    internal static Asked Asked(string name, long number) => new() { Name = name, Number = number, Note = "" };

    /// <summary>Locks a tally's row, so that a batch that needs it waits until this is disposed.</summary>
    internal static async Task<IAsyncDisposable> HoldAsync(World world, string name)
    {
        var connection = await world.Database.OpenConnectionAsync();
        await connection.BeginTransactionAsync();
        await connection.ExecuteAsync("SELECT 1 FROM tallies WHERE name = @name FOR UPDATE", new { name });
        return connection;
    }

    internal static async Task<bool> WaitsForLockAsync(World world, TimeSpan since = default) =>
        await WaitingForLocksAsync(world, since) > 0;

    internal static async Task<long> WaitingForLocksAsync(World world, TimeSpan since = default)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
                + "AND clock_timestamp() - query_start >= @since", new { since });
    }
}
