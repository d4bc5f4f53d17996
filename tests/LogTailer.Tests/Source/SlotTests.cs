using System.Diagnostics;
using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class SlotTests(PostgresFixture postgres)
{
    [Fact]
    public async Task An_idle_databases_slot_follows_the_log_that_another_database_writes()
    {
        await using var broker = InMemoryBroker.Start();
        await using var idle = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var busy = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(idle.Topic, SampleStore.Partitions);
        await using var tail = new RunningTail(idle, broker.Bootstrap);
        await idle.AppendAsync(new Sample("k"));
        await TopicReader.MustEqualStoreAsync(idle, broker.Bootstrap);

        for (var i = 0; i < 5; i++)
            await busy.AppendAsync([.. Enumerable.Range(0, 2_000).Select(n => new Sample($"k{n}"))]);
        var written = await busy.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await Eventually.Until(() => idle.ScalarAsync<bool>(
            $"SELECT confirmed_flush_lsn >= '{written}'::pg_lsn FROM pg_replication_slots WHERE slot_name = "
            + $"'{idle.Slot}'"),
            $"the idle slot at {written}");
    }

    [Fact]
    public async Task The_log_retained_for_an_idle_database_stays_small_while_another_writes_hundreds_of_megabytes()
    {
        const long limit = 64 << 20, written = 300L << 20;
        await using var own = await OwnPostgres.StartAsync();
        await using var broker = InMemoryBroker.Start();
        await using var idle = await SampleStore.CreateAsync(own.Server, broker);
        await using var tail = new RunningTail(idle, broker);
        await tail.UntilAsync(TailState.Active);
        await using var busy = await SampleStore.CreateAsync(own.Server);
        await busy.SqlAsync("CREATE TABLE filler (content text)");
        var begin = await busy.ScalarAsync<string>("SELECT pg_current_wal_lsn()::text");
        long most = 0, so = 0;
        // As fast as a busy service may be, in place of as fast as the disk is.
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (so < written)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
            await busy.SqlAsync(
                "INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, 4000) AS i");
            so = await busy.ScalarAsync<long>($"SELECT (pg_current_wal_lsn() - '{begin}'::pg_lsn)::bigint");
            most = Math.Max(most, await idle.ScalarAsync<long>(
                "SELECT (pg_current_wal_lsn() - restart_lsn)::bigint FROM pg_replication_slots WHERE slot_name = "
                    + $"'{idle.Slot}'"));
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"written {so >> 20} MiB, retained at most {most >> 20} MiB");
        Assert.InRange(most, 0, limit);
    }

    [Fact]
    public async Task A_database_without_an_event_store_is_waited_for()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), migrate: false);
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using var tail = new RunningTail(store, broker.Bootstrap);
        await tail.UntilAsync(TailState.Waiting, "no event store yet");
        await store.MigrateAsync();
        await tail.UntilAsync(TailState.Active);
        await store.AppendAsync(new Sample("k"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task A_slot_made_before_its_publication_is_made_anew_and_nothing_is_lost()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), migrate: false);
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        var migration = SampleStore.MigrationSql();
        var publication = migration.IndexOf("CREATE PUBLICATION", StringComparison.Ordinal);
        await store.SqlAsync(migration[..publication]);
        await store.SqlAsync(
            $"INSERT INTO head (topic, source, partitions, last) VALUES ('{store.Topic}', '/t/0', 4, '{{0,0,0,0}}')");
        await store.SqlAsync($"INSERT INTO schemas VALUES (decode('{Convert.ToHexString(SampleStore.Fingerprint)}', "
            + $"'hex'), 'test.Happened', '{SampleStore.Schema}')");
        await store.SqlAsync($"SELECT pg_create_logical_replication_slot('{store.Slot}', 'pgoutput')");
        await store.AppendAsync(new Sample("before the publication"));
        await store.SqlAsync(migration[publication..]);

        await using var tail = new RunningTail(store, broker.Bootstrap);
        await store.AppendAsync(new Sample("after it"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        // Two more, to see that it is the slot that speaks by now.
        await tail.UntilAsync(TailState.Active);
        await store.AppendAsync(new Sample("after it"), new Sample("other"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task A_stream_that_ends_while_publishing_waits_is_told_with_its_own_reason()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await store.AppendAsync(new Sample("k"));
        var registry = new StubRegistry { IsAway = true };
        await using var tail = new RunningTail(store, broker.Bootstrap, registry);
        await tail.UntilAsync(TailState.Active, "publishing waits");
        await store.SqlAsync(
            $"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{store.Slot}'");
        await Eventually.Until(() => tail.Lines.Contains("terminating connection"), "the stream's end is said");
        registry.IsAway = false;
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        Assert.False(tail.Lines.Contains("another tailer"));
    }

    [Fact]
    public async Task A_slot_dropped_while_the_tailer_was_away_is_made_anew_and_the_store_fills_the_gap()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using (var tail = new RunningTail(store, broker.Bootstrap))
        {
            await store.AppendAsync(new Sample("a"), new Sample("b"));
            await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        }
        await store.SqlAsync($"SELECT pg_drop_replication_slot('{store.Slot}')");
        await store.AppendAsync(new Sample("a"), new Sample("c"));
        await using var again = new RunningTail(store, broker.Bootstrap);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task A_slot_invalidated_by_its_limit_is_made_anew_and_the_store_fills_the_gap()
    {
        await using var own = await OwnPostgres.StartAsync(("max_slot_wal_keep_size", "1MB"), ("min_wal_size", "32MB"),
            ("max_wal_size", "32MB"));
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(own.Server);
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using (var tail = new RunningTail(store, broker.Bootstrap))
        {
            await store.AppendAsync(new Sample("a"));
            await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        }
        await store.AppendAsync([.. Enumerable.Range(0, 100).Select(i => new Sample($"k{i}"))]);
        await Eventually.Until(async () =>
        {
            await store.SqlAsync("SELECT pg_switch_wal()");
            await store.SqlAsync("CREATE TABLE filler AS SELECT generate_series(1, 100000)");
            await store.SqlAsync("DROP TABLE filler");
            await store.SqlAsync("CHECKPOINT");
            return await store.ScalarAsync<bool>(
                $"SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = '{store.Slot}'");
        }, "the slot lost");
        await using var again = new RunningTail(store, broker.Bootstrap);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task The_confirmed_position_is_past_what_is_published_so_a_restart_is_sent_nothing_again()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using (var tail = new RunningTail(store, broker.Bootstrap))
        {
            await tail.UntilAsync(TailState.Active);
            await store.AppendAsync([.. Enumerable.Range(0, 500).Select(i => new Sample($"k{i}"))]);
            await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        }
        await Eventually.Until(async () => !await store.SlotIsActiveAsync(), "the slot free");
        // Peeking does not move the slot: what it would send again is nothing.
        Assert.Equal(0, await store.ScalarAsync<long>(
            $"SELECT count(*) FROM pg_logical_slot_peek_binary_changes('{store.Slot}', NULL, NULL, 'proto_version', "
                + "'1', 'publication_names', 'events')"));
    }

    [Fact]
    public async Task A_fast_shutdown_ends_within_seconds_with_the_tailer_connected_even_while_the_brokers_are_away()
    {
        await using var own = await OwnPostgres.StartAsync();
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(own.Server);
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using var tail = new RunningTail(store, broker.Bootstrap);
        await store.AppendAsync(new Sample("a"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        broker.SetDown();
        await store.AppendAsync(new Sample("unacknowledged"));

        var clock = Stopwatch.StartNew();
        await own.Server.StopAsync();
        // A walsender that waited for the brokers would wait for ever.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));

        broker.SetUp();
        store.Source.Clear();
        await using var again =
            await PostgresServer.StartAsync(new() { DataDirectory = own.Folder, Port = own.Server.Port });
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, deadline: TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_standby_takes_over_when_the_active_tailer_stops()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        var active = new RunningTail(store, broker.Bootstrap, name: "one");
        await active.UntilAsync(TailState.Active);
        await using var standby = new RunningTail(store, broker.Bootstrap, name: "two");
        await standby.UntilAsync(TailState.Standby);
        await store.AppendAsync(new Sample("a"), new Sample("b"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await active.DisposeAsync();
        await standby.UntilAsync(TailState.Active);
        await store.AppendAsync(new Sample("a"), new Sample("b"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task Another_databases_slot_of_the_same_name_is_left_alone_and_the_name_can_be_set()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var other = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await other.SqlAsync($"SELECT pg_create_logical_replication_slot('{store.Slot}', 'pgoutput')");
        await using (var tail = new RunningTail(store, broker))
            await tail.UntilAsync(TailState.Stopped, $"is of database {other.Topic}");
        Assert.Equal(other.Topic, await store.ScalarAsync<string>(
            $"SELECT database::text FROM pg_replication_slots WHERE slot_name = '{store.Slot}'"));

        await store.AppendAsync(new Sample("k"));
        var own = $"own_{store.Topic}";
        await using (var tail = new RunningTail(store, broker.Bootstrap, slot: own))
            await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await store.SqlAsync($"SELECT pg_drop_replication_slot('{own}')");
        await other.SqlAsync($"SELECT pg_drop_replication_slot('{store.Slot}')");
    }
}
