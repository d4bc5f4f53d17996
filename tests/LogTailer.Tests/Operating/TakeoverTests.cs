using System.Diagnostics;
using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>How many seconds it took is said here, so nothing else runs beside.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class TakeoverTests(PostgresFixture postgres, BrokerFixture brokers, RegistryFixture registry)
{
    /// <summary>
    /// Half of what PostgreSQL grants a silent walsender by default. The seconds a take-over takes are measured
    /// (tests/Benchmarks, takeover): here a machine with other work decides over them.
    /// </summary>
    private static readonly TimeSpan TakeoverLimit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task When_the_active_tailer_is_killed_under_load_the_standby_publishes()
    {
        var broker = await brokers.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var one = await StartedAsync("one", "active", store, broker);
        await using var two = await StartedAsync("two", "standby", store, broker);
        await using var load = new Load(store);
        await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, SampleStore.Partitions, 500);
        var clock = Stopwatch.StartNew();
        await one.KillAsync();
        await TakenOverAsync("killed", store, broker, clock);
        await load.StopAsync();
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task When_the_active_tailer_freezes_the_standby_publishes_and_the_one_that_wakes_does_no_harm()
    {
        var broker = await brokers.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var one = await StartedAsync("one", "active", store, broker);
        await using var two = await StartedAsync("two", "standby", store, broker);
        await using var load = new Load(store);
        await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, SampleStore.Partitions, 500);

        var clock = Stopwatch.StartNew();
        one.Freeze();
        await TakenOverAsync("frozen", store, broker, clock);
        await load.MoreAsync(200);

        one.Wake();
        await load.MoreAsync(200);
        // As a rule the woken one. Where records of its own landed behind the other's, that one notices them, reads the
        // ends again, and the slot is free for a moment.
        await Eventually.Until(async () => await one.IsAsync("standby")
            || await two.IsAsync("standby"), "one of the two is on standby", TimeSpan.FromSeconds(90));
        await load.StopAsync();
        // What the woken one still sent, if anything, every consumer drops by its position; nothing is missing.
        await TopicReader.UntilConsumersHaveAllAsync(store, broker.Bootstrap);
    }

    private async Task<TailerProcess> StartedAsync(string name, string state, SampleStore store, Broker broker)
    {
        var tailer = TailerProcess.Start(name, store, broker, registry.Url);
        await tailer.UntilAsync(state);
        return tailer;
    }

    /// <summary>An event that is appended now comes to the topic in time.</summary>
    private static async Task TakenOverAsync(string victim, SampleStore store, Broker broker, Stopwatch since)
    {
        var sample = new Sample("taken over");
        await store.AppendAsync(sample);
        var position =
            await store.ScalarAsync<long>($"SELECT position FROM events WHERE event_id = '{sample.EventId}'");
        await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, SampleStore.Partitions, position);
        TestLog.Say($"the active tailer {victim}: the standby published after {since.Elapsed.TotalSeconds:F1} s");
        Assert.InRange(since.Elapsed, TimeSpan.Zero, TakeoverLimit);
    }
}
