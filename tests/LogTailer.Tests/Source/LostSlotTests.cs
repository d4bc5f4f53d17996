using Checkout.Fixtures;
using Checkout.Servers;
using Npgsql;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>
/// The slot is lost: noticed, said in log, metric and health, and healed from the event store without an operator and
/// without a gap.
/// </summary>
public sealed class LostSlotTests(PostgresFixture postgres, BrokerFixture brokers, RegistryFixture registry)
{
    private static readonly (string, string)[] KeepsLittle = [("max_slot_wal_keep_size", "1MB"),
        ("min_wal_size", "32MB"), ("max_wal_size", "32MB")];

    [Fact]
    public async Task A_slot_dropped_under_the_running_tailer_is_made_anew_and_the_store_fills_the_gap()
    {
        var broker = await brokers.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var tail = new RunningTail(store, broker);
        await tail.UntilAsync(TailState.Active);
        await using var load = new Load(store);
        await load.MoreAsync(300);
        await DropAsync(store);
        await Eventually.Until(() => tail.Lines.Contains(
            "The slot is made anew, and what it would have brought is published from the store."), "it is said");
        await load.MoreAsync(300);
        await load.StopAsync();
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await tail.UntilAsync(TailState.Active);
        Assert.Equal(1, tail.Status.LostSlots);
    }

    [Fact]
    public async Task A_slot_invalidated_while_the_tailer_is_frozen_is_made_anew_and_the_store_fills_the_gap()
    {
        await using var own = await OwnPostgres.StartAsync(KeepsLittle);
        var broker = await brokers.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(own.Server, broker);
        await using var tailer = TailerProcess.Start("frozen", store, broker, registry.Url);
        await store.AppendAsync(new Sample("a"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        tailer.Freeze();
        await store.AppendAsync([.. Enumerable.Range(0, 100).Select(i => new Sample($"k{i}"))]);
        await FillUntilLostAsync(store);
        tailer.Wake();
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await tailer.UntilAsync("active");
        Assert.Matches(@"logtailer_lost_slots_total\{[^}]*\} 1\b", await tailer.GetAsync("/metrics"));
    }

    /// <summary>
    /// As operators do it: a standby takes over the place of a primary that died. Its base backup had no slots, and
    /// slots do not come by streaming.
    /// </summary>
    [Fact]
    public async Task A_promoted_server_without_the_slot_gets_one_and_the_store_fills_the_gap()
    {
        var broker = await brokers.BrokerAsync();
        await using var pair = await ServerPair.StartAsync();
        await using var store = await SampleStore.CreateAsync(pair.Primary, broker);
        await using var tail = new RunningTail(store, broker);
        await store.AppendAsync([.. Enumerable.Range(0, 50).Select(i => new Sample($"k{i}"))]);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await pair.CaughtUpAsync();
        await pair.PromoteAsync();
        NpgsqlConnection.ClearPool(store.Source.CreateConnection());
        store.Source.Clear();
        await store.AppendAsync([.. Enumerable.Range(0, 50).Select(i => new Sample($"k{i}"))]);
        await Eventually.Until(() => tail.Lines.Contains("is gone. The slot is made anew"),
            "the loss of the slot is said");
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task A_server_promoted_behind_its_topic_stops_publication_with_a_sentence()
    {
        var broker = await brokers.BrokerAsync();
        await using var pair = await ServerPair.StartAsync();
        await using var store = await SampleStore.CreateAsync(pair.Primary, broker);
        await using var tail = new RunningTail(store, broker);
        await store.AppendAsync(new Sample("a"), new Sample("b"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await pair.CaughtUpAsync();
        await pair.StopStandbyAsync();
        await store.AppendAsync([.. Enumerable.Range(0, 20).Select(i => new Sample($"k{i}"))]);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await pair.PromoteAsync();
        await tail.UntilAsync(TailState.Stopped, "was restored or promoted behind its topic");
        Assert.Equal(22, TopicReader.ReadAll(broker.Bootstrap, store.Topic).Count);
    }

    private static async Task DropAsync(SampleStore store)
    {
        await Eventually.Until(async () =>
        {
            try
            {
                await store.SqlAsync("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE "
                    + $"slot_name = '{store.Slot}' AND active");
                await store.SqlAsync($"SELECT pg_drop_replication_slot('{store.Slot}')");
                return true;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ObjectInUse)
            {
                return false;
            }
        }, "the slot dropped");
    }

    private static Task FillUntilLostAsync(SampleStore store) => Eventually.Until(async () =>
    {
        await store.SqlAsync("SELECT pg_switch_wal()");
        await store.SqlAsync("CREATE TABLE filler AS SELECT generate_series(1, 100000)");
        await store.SqlAsync("DROP TABLE filler");
        await store.SqlAsync("CHECKPOINT");
        return await store.ScalarAsync<bool>(
            $"SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = '{store.Slot}'");
    }, "the slot lost");
}
