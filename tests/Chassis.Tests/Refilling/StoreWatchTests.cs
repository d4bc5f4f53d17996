using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Refilling;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Checkout.Chassis.Tests.Refilling;

/// <summary>Whether a service appends to a store that lacks what its topic holds.</summary>
public sealed class StoreWatchTests(Stage stage)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_behind_its_topic_takes_nothing_and_handles_nothing_until_it_is_refilled()
    {
        await using var world = await World.NewAsync(stage);
        var lost = await LostStore.NewAsync(world);
        var instance = await world.NewInstanceAsync();
        for (var i = 0; i < 20; i++) await world.Chain.TellAsync(ReactorLoopTests.Asked($"n{i % 5}", 1));
        await instance.StartAsync();
        using var watch = Watch(world, instance, lost.Own);
        await watch.StartAsync(Cancel);
        await Eventually.Until(async () => (await world.TotalsAsync()).Values.Sum() == 20, "all is handled");
        await lost.PublishAsync();
        await Eventually.Until(() => Task.FromResult(watch.Position == 20), "the watch has seen it");

        // Under the running service.
        await lost.LoseAsync();
        await Eventually.Until(() => Task.FromResult(instance.Hold.Why?.Contains("is behind") == true), "it is seen");
        Assert.True(watch.IsBehind);
        var health = await watch.CheckHealthAsync(new(), Cancel);
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains($"the store is behind its topic: {lost.Topic}/", health.Description);
        Assert.Contains(".dll refill --who NAME --why TEXT", health.Description);
        var refused = await Assert.ThrowsAsync<RequestRefusedException>(() =>
            instance.Edge.SubmitAsync(new Add("n1", 1), Guid.NewGuid(), Cancel));
        Assert.Equal(ProblemTypes.StoreBehind, refused.Type);
        await world.Chain.TellAsync(ReactorLoopTests.Asked("n0", 1));
        // Two looks later it was not handled.
        await Task.WhenAny(instance.Hold.ReleasedAsync(Cancel), Task.Delay(3 * StoreWatch.Interval, Cancel));
        Assert.Empty(await world.EventsAsync());

        var (code, said) = await lost.RefillAsync(instance);
        Assert.True(code == 0, said);
        await Eventually.Until(async () => (await world.TotalsAsync()).Values.Sum() == 21, "it goes on by itself");
        Assert.Equal(21, (await world.EventsAsync()).Count);
        Assert.Empty(await world.ParkedAsync());
        Assert.Equal(HealthStatus.Healthy, (await watch.CheckHealthAsync(new(), Cancel)).Status);
    }

    [Fact]
    public async Task A_database_that_was_made_anew_under_the_service_gets_its_tables_and_waits_for_its_refill()
    {
        await using var world = await World.NewAsync(stage);
        var lost = await LostStore.NewAsync(world);
        var instance = await world.StartInstanceAsync();
        for (var i = 0; i < 20; i++) await world.Chain.TellAsync(ReactorLoopTests.Asked($"n{i % 5}", 1));
        using var watch = lost.Watch(instance);
        await watch.StartAsync(Cancel);
        await Eventually.Until(() => Task.FromResult(watch.Position == 20), "the watch has seen it");
        await lost.PublishAsync();

        await lost.EmptyAsync();
        await Eventually.Until(() => Task.FromResult(instance.Hold.Why?.Contains("is behind its topic") == true),
            "it has its tables, and is held");
        var (code, said) = await lost.RefillAsync(instance);
        Assert.True(code == 0, said);
        await world.Chain.TellAsync(ReactorLoopTests.Asked("n0", 1));
        await Eventually.Until(async () => (await world.TotalsAsync()).Values.Sum() == 21, "it goes on by itself");
        Assert.Equal(21, (await world.EventsAsync()).Count);
        // Which reactions it has is in the database, and was lost with it.
        Assert.Equal(world.Table.Reactions.Count(), await lost.AskAsync<long>("SELECT count(*) FROM reactions"));
    }

    [Fact]
    public async Task Nothing_is_appended_to_a_backup_between_two_looks_at_the_database()
    {
        await using var world = await World.NewAsync(stage);
        var lost = await LostStore.NewAsync(world);
        var instance = await world.NewInstanceAsync();
        var knowing = new Transactions<TallyRows>(world.Table, world.Store, instance.Database, TimeProvider.System,
            NullLogger<Transactions<TallyRows>>.Instance, hold: instance.Hold);
        Task AddAsync(string name) => knowing.RunAsync([world.Table.WorkOf(new Add(name, 1), Guid.NewGuid())], Cancel);
        await AddAsync("n1");
        await lost.BackUpAsync();
        await AddAsync("n2");
        await lost.PublishAsync();
        await lost.RestoreAsync();
        Assert.True(Outage.IsOutage(await Assert.ThrowsAsync<StoreWentBackException>(() => AddAsync("n3"))));
        Assert.Contains("ends at position 1 and was seen to end at 2", instance.Hold.Why);
        Assert.Single(await world.EventsAsync());

        using var watch = lost.Watch(instance);
        await watch.StartAsync(Cancel);
        await Eventually.Until(() => Task.FromResult(watch.IsBehind), "the watch knows why");
        var (code, said) = await lost.RefillAsync(instance);
        Assert.True(code == 0, said);
        await instance.Hold.ReleasedAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        await AddAsync("n3");
        Assert.Equal(3, (await world.EventsAsync()).Count);
    }

    [Fact]
    public async Task A_fork_that_is_as_long_as_the_topic_is_seen_when_the_service_starts()
    {
        await using var world = await World.NewAsync(stage);
        var lost = await LostStore.NewAsync(world);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(ReactorLoopTests.Asked("n1", 1));
        await lost.BackUpAsync();
        await instance.HandleAsync(ReactorLoopTests.Asked("n1", 1));
        await lost.PublishAsync();
        await lost.RestoreAsync();
        await instance.Transactions.RunAsync([world.Table.WorkOf(new Add("n1", 7), Guid.NewGuid())], Cancel);

        using var watch = Watch(world, instance, lost.Own);
        await watch.StartAsync(Cancel);
        Assert.NotNull(instance.Hold.Why);
        await Eventually.Until(() => Task.FromResult(watch.IsBehind), "it is seen");
        Assert.Contains("or another body there", instance.Hold.Why);
    }

    [Fact]
    public async Task Where_Kafka_does_not_answer_it_goes_on_and_so_it_does_where_there_is_no_topic_yet()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        using var away = Watch(world, instance, new(new() { BootstrapServers = "127.0.0.1:1" }, "none", "none"));
        await away.StartAsync(Cancel);
        Assert.Equal(HealthStatus.Unhealthy, (await away.CheckHealthAsync(new(), Cancel)).Status);
        await instance.Hold.ReleasedAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Equal(HealthStatus.Healthy, (await away.CheckHealthAsync(new(), Cancel)).Status);
        await away.StopAsync(Cancel);

        using var empty = Watch(world, instance, new LostStore(world).Own);
        await empty.StartAsync(Cancel);
        await instance.Hold.ReleasedAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.False(empty.IsBehind);
    }

    private static StoreWatch Watch(World world, Instance instance, OwnTopic own) => new(instance.Database,
        instance.Ready, own, world.Store, instance.Hold, "tally", TimeProvider.System, NullLogger<StoreWatch>.Instance);
}
