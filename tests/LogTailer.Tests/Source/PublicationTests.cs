using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>A publication that somebody changed, and a stream that says nothing.</summary>
public sealed class PublicationTests(PostgresFixture postgres)
{
    private static readonly WatchOptions Soon = new() { LongestSilence = TimeSpan.FromSeconds(1) };

    [Theory]
    [InlineData("DROP TABLE events", "ADD TABLE events")]
    [InlineData("SET (publish = 'update')", "SET (publish = 'insert')")]
    [InlineData("SET TABLE events WHERE (position > 100)", "SET TABLE events")]
    public async Task A_publication_that_leaves_out_events_stops_with_what_to_do(string change, string remedy)
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var tail = new RunningTail(store, broker.Bootstrap, watch: Soon);
        await tail.UntilAsync(TailState.Active);
        await store.SqlAsync($"ALTER PUBLICATION events {change}");
        await store.AppendAsync(new Sample("a"), new Sample("b"));
        await tail.UntilAsync(TailState.Stopped, $"run ALTER PUBLICATION events {remedy}.");
        await store.SqlAsync($"ALTER PUBLICATION events {remedy}");
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task Without_the_table_no_slot_is_made()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await store.SqlAsync("ALTER PUBLICATION events DROP TABLE events");
        await using var tail = new RunningTail(store, broker);
        await tail.UntilAsync(TailState.Stopped, "lacks table events");
        Assert.False(await store.ScalarAsync<bool>(
            $"SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{store.Slot}')"));
    }

    [Fact]
    public async Task The_store_of_a_service_of_before_that_knows_no_refill_is_published()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker, isOfBefore: true);
        await using var tail = new RunningTail(store, broker);
        await tail.UntilAsync(TailState.Active);
        await store.AppendAsync(new Sample("a"), new Sample("b"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task Tables_that_somebody_added_to_the_publication_are_passed_over()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await store.SqlAsync("CREATE SCHEMA other; CREATE TABLE other.events (payload text, position bigint); "
            + "CREATE TABLE notes (partition int, position bigint); "
            + "ALTER PUBLICATION events ADD TABLE other.events, notes");
        await using var tail = new RunningTail(store, broker);
        await tail.UntilAsync(TailState.Active);
        for (var i = 0; i < 5; i++)
        {
            await store.AppendAsync(new Sample($"k{i}"));
            await store.SqlAsync($"INSERT INTO other.events VALUES ('x', {i}); INSERT INTO notes VALUES (0, {i})");
        }
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        Assert.Equal(TailState.Active, tail.Status.Now.State);
    }

    [Fact]
    public async Task What_a_silent_stream_does_not_bring_is_published_from_the_store()
    {
        await using var own = await OwnPostgres.StartAsync();
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(own.Server, broker);
        await using var tail = new RunningTail(store, broker.Bootstrap, watch: Soon);
        await tail.UntilAsync(TailState.Active);
        var sender = await store.ScalarAsync<int>("SELECT pid FROM pg_stat_replication");
        Assert.True(Signal(sender, "STOP"));
        try
        {
            await store.AppendAsync(new Sample("a"), new Sample("b"));
            await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
            Assert.True(tail.Lines.Contains("replication stream is silent"));
        }
        finally
        {
            Signal(sender, "CONT");
        }
        await store.AppendAsync(new Sample("c"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    private static bool Signal(int process, string signal)
    {
        using var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", $"{process}"]);
        kill.WaitForExit();
        return kill.ExitCode == 0;
    }
}
