using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class RegistryTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_registry_outage_holds_up_only_its_database_and_loses_nothing()
    {
        await using var broker = InMemoryBroker.Start();
        await using var held = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var free = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(held.Topic, SampleStore.Partitions);
        await broker.CreateTopicAsync(free.Topic, SampleStore.Partitions);
        var away = new StubRegistry { IsAway = true };
        await using var heldTail = new RunningTail(held, broker.Bootstrap, away);
        await using var freeTail = new RunningTail(free, broker.Bootstrap);
        await held.AppendAsync(new Sample("a"), new Sample("b"));
        await heldTail.UntilAsync(TailState.Active, "does not answer");
        var confirmed = await held.ConfirmedAsync();
        await free.AppendAsync(new Sample("a"));
        await TopicReader.MustEqualStoreAsync(free, broker.Bootstrap);
        await held.AppendAsync(new Sample("c"));

        // The connection lives on meanwhile, longer than wal_sender_timeout, and nothing is confirmed.
        var asked = away.Asked;
        await Eventually.Until(() => away.Asked > asked + 12, "more questions to the registry");
        Assert.Equal(confirmed, await held.ConfirmedAsync());
        Assert.True(await held.SlotIsActiveAsync());

        away.IsAway = false;
        await TopicReader.MustEqualStoreAsync(held, broker.Bootstrap);
        await heldTail.UntilAsync(TailState.Active, "publishing t");
    }

    [Fact]
    public async Task The_first_event_of_a_kind_does_not_wait_for_the_registry()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        var registry = new StubRegistry();
        await using var tail = new RunningTail(store, broker.Bootstrap, registry);
        await tail.UntilAsync(TailState.Active);
        await Eventually.Until(() => registry.Knows(SampleStore.Schema), "the store's schema registered");
        registry.IsAway = true;
        await store.AppendAsync(new Sample("a"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task A_refused_schema_stops_the_store_with_the_registrys_word_for_it()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using var tail = new RunningTail(store, broker.Bootstrap, new StubRegistry { Refuses = true });
        await store.AppendAsync(new Sample("a"));
        await tail.UntilAsync(TailState.Stopped, "incompatible");
    }

    [Fact]
    public async Task A_schema_that_the_store_does_not_hold_stops_it_with_a_sentence()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using var tail = new RunningTail(store, broker.Bootstrap);
        await store.AppendAsync(new Sample("a") { Fingerprint = [9, 9, 9, 9, 9, 9, 9, 9] });
        await tail.UntilAsync(TailState.Stopped, "0909090909090909");
    }

    [Fact]
    public async Task What_stopped_publication_is_said_also_where_the_session_takes_long_to_end()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        // Longer than the lease needs to see that the stream has ended and the slot is free.
        var registry = new StubRegistry { Takes = Lease.QuestionInterval * 5 };
        await using var tail = new RunningTail(store, broker.Bootstrap, registry);
        await store.AppendAsync(new Sample("a") { Fingerprint = [9, 9, 9, 9, 9, 9, 9, 9] });
        await tail.UntilAsync(TailState.Stopped, "0909090909090909");
        Assert.False(tail.Lines.Contains("another tailer"));
    }
}
