using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class TopicTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_new_broker_gets_everything_again_in_the_old_order()
    {
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using (var old = InMemoryBroker.Start())
        {
            await old.CreateTopicAsync(store.Topic, SampleStore.Partitions);
            await using var tail = new RunningTail(store, old.Bootstrap);
            for (var i = 0; i < 20; i++)
                await store.AppendAsync([.. Enumerable.Range(0, 50).Select(n => new Sample($"k{n}"))]);
            await TopicReader.MustEqualStoreAsync(store, old.Bootstrap);
        }
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using var again = new RunningTail(store, broker.Bootstrap);
        await store.AppendAsync(new Sample("k1"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task Events_missing_at_the_topics_end_are_published_before_later_ones()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        // Half of the events go out by a first tailer; the slot forgets the other half.
        await using (var tail = new RunningTail(store, broker.Bootstrap))
        {
            await store.AppendAsync([.. Enumerable.Range(0, 30).Select(n => new Sample($"k{n}"))]);
            await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        }
        await store.AppendAsync([.. Enumerable.Range(0, 30).Select(n => new Sample($"k{n}"))]);
        await Eventually.Until(async () => !await store.SlotIsActiveAsync(), "the slot free");
        await store.SqlAsync($"SELECT pg_replication_slot_advance('{store.Slot}', pg_current_wal_lsn())");
        await using var again = new RunningTail(store, broker.Bootstrap);
        await store.AppendAsync([.. Enumerable.Range(0, 30).Select(n => new Sample($"k{n}"))]);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task A_record_written_by_another_is_noticed_and_the_chain_goes_on_behind_it()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        await broker.CreateTopicAsync(store.Topic, 1);
        await using var tail = new RunningTail(store, broker.Bootstrap);
        await store.AppendAsync(new Sample("a"), new Sample("b"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);
        await ForeignRecords.WriteAsync(broker.Bootstrap, store.Topic, 1);
        await store.AppendAsync(new Sample("c"), new Sample("d"));
        await store.AppendAsync(new Sample("e"));
        await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, 1, 6);
        await tail.UntilAsync(TailState.Active);
        // c was acknowledged at an offset that was not the next; whatever was then sent again is a duplicate by
        // position, and nothing is missing.
        Assert.Equal([1L, 2L, 3L, 4L, 5L], Positions(broker, store).Distinct());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(200)] // more than are read at first
    public async Task Where_nothing_is_but_what_others_wrote_the_chain_begins(int foreign)
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        await broker.CreateTopicAsync(store.Topic, 1);
        await ForeignRecords.WriteAsync(broker.Bootstrap, store.Topic, foreign);
        await using var tail = new RunningTail(store, broker.Bootstrap);
        await store.AppendAsync(new Sample("a"), new Sample("b"));
        await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, 1, foreign + 2);
        Assert.Equal([1L, 2L], Positions(broker, store));
        Assert.Equal(TailState.Active, tail.Status.Now.State);
    }

    [Fact]
    public async Task Behind_any_number_of_others_records_a_tailer_finds_where_it_was()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        await broker.CreateTopicAsync(store.Topic, 1);
        await using (var tail = new RunningTail(store, broker.Bootstrap))
        {
            await store.AppendAsync(new Sample("a"), new Sample("b"));
            await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);
        }
        await ForeignRecords.WriteAsync(broker.Bootstrap, store.Topic, 200);
        await using var again = new RunningTail(store, broker.Bootstrap);
        await store.AppendAsync(new Sample("c"));
        await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, 1, 203);
        Assert.Equal([1L, 2L, 3L], Positions(broker, store));
    }

    [Fact]
    public async Task A_topic_lost_in_a_quiet_hour_is_filled_again_without_waiting_for_the_next_event()
    {
        // The broker's retention took everything: the topic is empty, though its offsets go on.
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        await broker.CreateTopicAsync(store.Topic, 1);
        await using var tail = new RunningTail(store, broker.Bootstrap);
        await store.AppendAsync(new Sample("a"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);
        await ForeignRecords.WriteAsync(broker.Bootstrap, store.Topic, 1);
        broker.DeleteRecords(store.Topic, 0, before: 2);
        await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, 1, 3);
        Assert.Equal([1L], TopicReader.ReadAll(broker.Bootstrap, store.Topic, 1).Select(r => r.Position()));
    }

    [Fact]
    public async Task A_store_behind_its_topic_stops_with_a_sentence()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        await broker.CreateTopicAsync(store.Topic, 1);
        await using (var tail = new RunningTail(store, broker.Bootstrap))
        {
            await store.AppendAsync(new Sample("a"), new Sample("b"), new Sample("c"));
            await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);
        }
        // As after a restore from a backup that lacks the last event.
        await store.SqlAsync("DELETE FROM events WHERE position = 3; UPDATE head SET position = 2, last = '{2}'");
        await using var again = new RunningTail(store, broker.Bootstrap);
        await again.UntilAsync(TailState.Stopped, "was restored or promoted behind its topic");
        Assert.Contains("the store ends at position 2", again.Status.Now.Reason, StringComparison.Ordinal);

        // And once it has gone its own way: another event under the same position.
        await store.AppendAsync(new Sample("another c"));
        await again.UntilAsync(TailState.Stopped, "has event");
        Assert.Equal(3, TopicReader.ReadAll(broker.Bootstrap, store.Topic, 1).Count);
    }

    [Fact]
    public async Task A_topic_with_another_partition_count_is_refused_with_a_sentence()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions + 1);
        await using var tail = new RunningTail(store, broker.Bootstrap);
        await tail.UntilAsync(TailState.Stopped, "has 5 partitions and the store has pinned 4");
    }

    [Fact]
    public async Task A_broker_outage_only_delays()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using var tail = new RunningTail(store, broker.Bootstrap);
        await store.AppendAsync(new Sample("a"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        var confirmed = await store.ConfirmedAsync();
        broker.SetDown();
        for (var i = 0; i < 10; i++)
            await store.AppendAsync([.. Enumerable.Range(0, 20).Select(n => new Sample($"k{n}"))]);
        Assert.True(await store.ScalarAsync<bool>(
            $"SELECT pg_current_wal_lsn() > '{confirmed}'::pg_lsn AND confirmed_flush_lsn < pg_current_wal_lsn() "
                + $"FROM pg_replication_slots WHERE slot_name = '{store.Slot}'"));
        broker.SetUp();
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task With_a_reader_named_no_more_stays_unread_than_the_in_memory_broker_keeps()
    {
        const int events = 3_000;
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        await broker.CreateTopicAsync(store.Topic, 1);
        var body = new string('x', 5_000);
        await using var tail = new RunningTail(store, broker.Bootstrap, readBy: ["slow"]);
        for (var i = 0; i < events / 500; i++)
            await store.AppendAsync([.. Enumerable.Range(0, 500).Select(n => new Sample($"k{n}", Body: body))]);
        // 15 MB in all, of which the broker keeps 5 MiB: a reader that comes late still sees every event.
        await tail.UntilAsync(TailState.Active, "slow");
        Assert.Equal(Enumerable.Range(1, events).Select(i => (long)i),
            SlowReader.Read(broker.Bootstrap, store.Topic, "slow", events));
    }

    /// <summary>Of the store's events that are on the topic.</summary>
    private static List<long> Positions(InMemoryBroker broker, SampleStore store) =>
        TopicReader.ReadAll(broker.Bootstrap, store.Topic, 1).Where(record => record.Message.Headers is { Count: > 0 })
            .Select(record => record.Position()).ToList();
}
