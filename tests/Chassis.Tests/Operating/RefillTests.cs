using Checkout.Chassis.Resilience;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.Operating;

/// <summary>A database was lost, or is an older one, and its topic holds what it lacks.</summary>
public sealed class RefillTests(Stage stage)
{
    [Fact]
    public async Task An_empty_database_is_what_it_was_and_what_comes_past_again_is_told_no_second_time()
    {
        await using var world = await World.NewAsync(stage);
        var (instance, lost) = (await world.NewInstanceAsync(), await LostStore.NewAsync(world));
        var heard = await HandledAsync(world, instance, 60);
        await lost.PublishAsync();
        var before = await lost.AllAsync();

        await lost.LoseAsync();
        var (code, said) = await lost.RefillAsync(instance);
        Assert.True(code == 0, said);
        Assert.Contains("60 events were missing, from position 1 on; the store ends at position 60 now.", said);
        Assert.Equal(before, await lost.AllAsync());

        await instance.HandleAsync(heard);
        Assert.Equal(before, await lost.AllAsync());
        Assert.Empty(await world.ParkedAsync());
        await instance.HandleAsync(Asked("n1", 1_000));
        Assert.Equal(61, (await world.EventsAsync())[^1].Position);
    }

    [Fact]
    public async Task A_backup_is_completed_and_goes_on_where_it_was()
    {
        await using var world = await World.NewAsync(stage);
        var (instance, lost) = (await world.NewInstanceAsync(), await LostStore.NewAsync(world));
        await HandledAsync(world, instance, 30);
        await lost.BackUpAsync();
        var since = await HandledAsync(world, instance, 30);
        await lost.PublishAsync();
        var before = await lost.AllAsync();

        await lost.RestoreAsync();
        var (code, said) = await lost.RefillAsync(instance);
        Assert.True(code == 0, said);
        Assert.Contains("30 events were missing, from position 31 on", said);
        Assert.Equal(before, await lost.AllAsync());
        await instance.HandleAsync(since);
        Assert.Equal(before, await lost.AllAsync());
        Assert.Empty(await world.ParkedAsync());
    }

    [Fact]
    public async Task What_was_appended_on_a_backup_is_set_aside_and_listed_and_its_causes_are_answered_once()
    {
        await using var world = await World.NewAsync(stage);
        var (instance, lost) = (await world.NewInstanceAsync(), await LostStore.NewAsync(world));
        var first = await HandledAsync(world, instance, 20);
        await lost.BackUpAsync();
        var second = await HandledAsync(world, instance, 10);
        await lost.PublishAsync();
        await lost.RestoreAsync();
        // On the fork: the same causes in another order, and some that nobody answered before.
        var third = await NumberedAsync(world, 15);
        var otherwise = second.Reverse().GroupBy(r => r.Partition).SelectMany(g => g.Reverse());
        await instance.HandleAsync([.. otherwise, .. third]);
        Assert.Equal(45, (await world.EventsAsync()).Count);

        var (code, said) = await lost.RefillAsync(instance);
        Assert.True(code == 0, said);
        Assert.Contains("25 events were set aside", said);
        Assert.Equal(25, await lost.AskAsync<long>("SELECT count(*) FROM set_aside"));
        Assert.Equal(30, (await world.EventsAsync()).Count);
        Assert.Equal(0, await lost.AskAsync<long>("SELECT count(*) FROM handled"));

        await instance.HandleAsync([.. first, .. second, .. third]);
        Assert.Equal(45, (await world.EventsAsync()).Select(e => e.CausationId).Distinct().Count());
        Assert.Equal(45, (await world.EventsAsync()).Count);
        Assert.Equal(45, (await world.TotalsAsync()).Values.Sum());
        Assert.Empty(await world.ParkedAsync());
    }

    [Fact]
    public async Task What_nobody_saw_is_lost_and_said_and_answered_anew_and_every_chain_is_whole()
    {
        await using var world = await World.NewAsync(stage);
        var (instance, lost) = (await world.NewInstanceAsync(), await LostStore.NewAsync(world));
        var heard = await HandledAsync(world, instance, 40);
        var unseen = (await world.EventsAsync()).Where(e => e.Partition == 1).Select(e => e.Position).TakeLast(3)
            .ToList();
        await lost.PublishAsync((position, _) => !unseen.Contains(position));
        await lost.LoseAsync();

        var (code, said) = await lost.RefillAsync(instance);
        Assert.True(code == 0, said);
        var stored = await world.EventsAsync();
        Assert.Equal(37, stored.Count);
        if (unseen.Any(position => position < stored[^1].Position))
            Assert.Contains("have no event: theirs were lost", said);

        var holes = Enumerable.Range(1, (int)stored[^1].Position).Select(p => (long)p)
            .Except(stored.Select(e => e.Position)).ToList();
        var lostOnes = await lost.ProgressAsync();
        Assert.Equal(holes, lostOnes.SelectMany(l =>
            Enumerable.Range((int)l.First, (int)(l.Last - l.First + 1)).Select(p => (long)p)));
        Assert.All(lostOnes, l => Assert.Equal(("test", "it was lost"), (l.Who, l.Why)));

        await instance.HandleAsync(heard);
        var events = await world.EventsAsync();
        Assert.Equal(heard.Select(r => r.EventId).Order(), events.Select(e => e.CausationId!.Value).Order());
        Assert.Equal(40, (await world.TotalsAsync()).Values.Sum());
        foreach (var partition in events.GroupBy(e => e.Partition))
            Assert.Equal(partition.Select(e => e.Position).SkipLast(1).Prepend(0), partition.Select(e => e.Previous));
    }

    [Fact]
    public async Task What_is_not_published_yet_is_kept_where_nothing_contradicts_it()
    {
        await using var world = await World.NewAsync(stage);
        var (instance, lost) = (await world.NewInstanceAsync(), await LostStore.NewAsync(world));
        await HandledAsync(world, instance, 20);
        // The last of partition 2 is on no topic, and in the store that was promoted; what followed it is not there.
        var unseen = (await world.EventsAsync()).Last(e => e.Partition == 2).Position;
        await lost.BackUpAsync();
        await HandledAsync(world, instance, 1, "n0");
        await lost.PublishAsync((position, _) => position != unseen);
        var before = await lost.AllAsync();
        await lost.RestoreAsync();
        var (code, said) = await lost.RefillAsync(instance);
        Assert.Equal((0, before), (code, await lost.AllAsync()));
        Assert.DoesNotContain("set aside", said);
    }

    [Fact]
    public async Task Where_nothing_is_missing_nothing_changes()
    {
        await using var world = await World.NewAsync(stage);
        var (instance, lost) = (await world.NewInstanceAsync(), await LostStore.NewAsync(world));
        await HandledAsync(world, instance, 10);
        await lost.PublishAsync((position, _) => position < 8);
        var before = await lost.AllAsync();
        var (code, said) = await lost.RefillAsync(instance);
        Assert.Contains("No event is missing: the store ends at position 10.", said);
        Assert.Equal((0, before), (code, await lost.AllAsync()));
    }

    [Fact]
    public async Task Broken_off_it_keeps_everybody_from_appending_until_it_is_run_again()
    {
        await using var world = await World.NewAsync(stage);
        var (instance, lost) = (await world.NewInstanceAsync(), await LostStore.NewAsync(world));
        await HandledAsync(world, instance, 10);
        await lost.PublishAsync();
        var before = await lost.AllAsync();
        await lost.LoseAsync();
        await lost.AskAsync<object>("INSERT INTO refills (who, why) VALUES ('one who was killed', '-')");

        var refused = await Assert.ThrowsAsync<PostgresException>(() => instance.Transactions.RunAsync(
            [world.Table.WorkOf(new Add("n1", 5), Guid.NewGuid())], CancellationToken.None));
        Assert.Equal("the store is being refilled from its topic", refused.MessageText);
        Assert.True(Outage.IsOutage(refused) && !Outage.IsFaultOfData(refused));

        var (code, said) = await lost.RefillAsync(instance);
        Assert.Contains("This goes on with the refill that one who was killed began", said);
        Assert.Equal((0, before), (code, await lost.AllAsync()));
        await instance.Transactions.RunAsync([world.Table.WorkOf(new Add("n1", 5), Guid.NewGuid())],
            CancellationToken.None);
    }

    [Fact]
    public async Task A_topic_that_lacks_events_itself_is_refused_unless_the_store_has_them()
    {
        await using var world = await World.NewAsync(stage);
        var (instance, lost) = (await world.NewInstanceAsync(), await LostStore.NewAsync(world));
        await HandledAsync(world, instance, 20);
        await lost.BackUpAsync();
        await HandledAsync(world, instance, 20);
        await lost.PublishAsync((position, _) => position > 10);
        var before = await lost.AllAsync();
        await lost.LoseAsync();
        var (code, said) = await lost.RefillAsync(instance);
        Assert.Contains("itself lacks events", said);
        Assert.Equal((1, 0L), (code, await lost.AskAsync<long>("SELECT position FROM head")));

        await lost.RestoreAsync();
        (code, said) = await lost.RefillAsync(instance);
        Assert.True(code == 0, said);
        Assert.Equal(before, await lost.AllAsync());
    }

    [Fact]
    public async Task State_that_the_database_does_not_take_is_said_and_what_is_missing_can_be_given_again()
    {
        await using var world = await World.NewAsync(stage);
        var (instance, lost) = (await world.NewInstanceAsync(), await LostStore.NewAsync(world));
        await instance.Transactions.RunAsync([world.Table.WorkOf(new Add("gold", 5), Guid.NewGuid())],
            CancellationToken.None);
        await instance.Transactions.RunAsync([world.Table.WorkOf(new Add("gold", -4), Guid.NewGuid())],
            CancellationToken.None);
        await lost.PublishAsync((_, _) => true);
        await lost.LoseAsync();
        await lost.AskAsync<object>("ALTER TABLE tallies ADD CONSTRAINT few CHECK (total <> 1)");
        var (code, said) = await lost.RefillAsync(instance);
        Assert.Equal(1, code);
        Assert.Contains("the events lead to a row that tallies does not take (few", said);

        await using var byHand = Chassis.EventStore.Database.Open(world.ConnectionString, "command", byHand: true);
        await new Chassis.Choreography.Transactions<TallyRows>(world.Table, world.Store, byHand, TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<Chassis.Choreography.Transactions<TallyRows>>.Instance)
            .RunAsync([world.Table.WorkOf(new Add("gold", 2), Guid.NewGuid())], CancellationToken.None);
        (code, said) = await lost.RefillAsync(instance);
        Assert.True(code == 0, said);
        Assert.Equal(3, (await world.TotalsAsync())["gold"]);
    }

    /// <summary>Each asks to add one to one of eight tallies.</summary>
    private static async Task<ChainRecord[]> NumberedAsync(World world, int count, string? name = null)
    {
        var records = new ChainRecord[count];
        for (var i = 0; i < count; i++) records[i] = await world.Chain.NumberAsync(Asked(name ?? $"n{i % 8}", 1));
        return records;
    }

    private static async Task<ChainRecord[]> HandledAsync(World world, Instance instance, int count,
        string? name = null)
    {
        var records = await NumberedAsync(world, count, name);
        foreach (var some in records.Chunk(7)) await instance.HandleAsync(some);
        return records;
    }

    private static Asked Asked(string name, long number) => ReactorLoopTests.Asked(name, number);
}
