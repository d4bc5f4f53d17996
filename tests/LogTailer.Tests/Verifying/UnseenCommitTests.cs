using Checkout.Fixtures;
using Checkout.LogTailer.Verifying;
using Checkout.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Checkout.LogTailer.Tests.Verifying;

/// <summary>
/// A commit that waits for a synchronous standby is in the log, and so on the topic, before other transactions see it.
/// </summary>
public sealed class UnseenCommitTests
{
    [Fact]
    public async Task An_event_whose_commit_is_not_seen_yet_is_not_taken_for_an_invented_one()
    {
        await using var own = await OwnPostgres.StartAsync();
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(own.Server, broker, partitions: 1);
        var registry = new StubRegistry();
        await using var tail = new RunningTail(store, broker.Bootstrap, registry);
        await store.AppendAsync(new Sample("k"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);
        await store.SqlAsync("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        await store.SqlAsync("SELECT pg_reload_conf()");
        var waiting = await FirstThatWaitsAsync(store);
        var appending = store.AppendAsync(new Sample("k"));
        await Eventually.Until(() => TopicReader.ReadAll(broker.Bootstrap, store.Topic, 1).Count == 2,
            "the event is on the topic");
        Assert.Equal(1, await store.ScalarAsync<long>("SELECT position FROM head"));

        var kafka = new KafkaClients(
            new() { BootstrapServers = broker.Bootstrap, InMemory = true }, store.Topic, NullLogger.Instance);
        var verifying = new Verification(
            store.Topic, new(store.Source), kafka, registry.Client(), TimeSpan.FromSeconds(5))
            .RunAsync(null, TestContext.Current.CancellationToken);
        await store.SqlAsync("ALTER SYSTEM RESET synchronous_standby_names");
        await store.SqlAsync("SELECT pg_reload_conf()");
        await Task.WhenAll(appending, waiting);
        Assert.Null((await verifying).Difference);
    }

    /// <summary>
    /// Each session reads the settings by itself, and commits wait only when PostgreSQL's checkpointer has, which
    /// nothing but a commit that waits tells.
    /// </summary>
    private static async Task<Task> FirstThatWaitsAsync(SampleStore store)
    {
        for (var i = 0; ; i++)
        {
            var commit = store.SqlAsync($"CREATE TABLE probe_{i} ()");
            await Eventually.Until(async () => commit.IsCompleted || await store.ScalarAsync<bool>(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')"), "a commit ends or waits");
            if (!commit.IsCompleted) return commit;
        }
    }
}
