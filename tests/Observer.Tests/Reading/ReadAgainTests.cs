using System.Text.Json.Nodes;
using Checkout.Fixtures;
using Checkout.Observer.Reading;
using Checkout.Observer.Tests.Auditing;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Observer.Tests.Reading;

/// <summary>
/// What the database or a topic has is not what was there before: nothing is taken for read that is not.
/// </summary>
public sealed class ReadAgainTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_database_that_went_back_under_its_reader_leaves_no_hole()
    {
        var events = new Tale().Credited("player-1", 1).Credited("player-1", 2).Credited("player-1", 3).Events;
        await using var store = await ObserverStore.NewAsync(postgres);
        var records = store.Records(events);
        await store.ReadAsync(records[0]);
        // As a copy from before the second record was read: that record is in the reader's past.
        var known = new Dictionary<TopicPartition, long> { [new(events[0].Topic, events[0].Partition)] = 2 };
        await Assert.ThrowsAsync<ReadAgainException>(() => store.ReadAsync(known, records[2]));
        Assert.Equal(1, await store.AskAsync<long>("SELECT sum(next) FROM reading"));
        // Nor is it said what all of it lacks.
        await Assert.ThrowsAsync<ReadAgainException>(() =>
            new Frontier(store.Database).ReachAsync(0, DateTime.UtcNow, DateTime.UtcNow, known, default));
        // One that another instance brought further is no such.
        await store.ReadAsync(records);
        await store.ReadAsync(known, records);
        Assert.Equal(3, await store.AskAsync<long>("SELECT judged FROM stores WHERE topic = 'balance.accounts'"));
    }

    [Fact]
    public async Task A_topic_that_was_made_anew_is_known_by_the_record_before_the_next_and_is_read_from_its_start()
    {
        var events = new Tale().Credited("player-1", 1_000).Credited("player-1", 1).Events;
        await using var store = await ObserverStore.NewAsync(postgres);
        var records = store.Records(events);
        await store.ReadAsync(records);
        var other = records[1] with
        {
            Record = records[1].Record with
            {
                Headers = new Dictionary<string, string> { ["ce_id"] = $"{Guid.NewGuid()}" },
            },
        };
        Assert.Equal((events[0].Topic, events[0].Partition), Assert.Single((await store.ReadAsync(other)).Remade));
        Assert.Equal(0, await store.AskAsync<long>("SELECT sum(next) FROM reading"));
        Assert.Empty((await store.ReadAsync(records)).Findings);
        Assert.Equal(2, await store.AskAsync<long>("SELECT sum(duplicates) FROM reading"));
    }

    [Fact]
    public async Task After_a_rebuild_the_topics_are_read_again_and_settled_violations_stay_settled()
    {
        var stream = new Tale().Delivered(1).Credited("player-1", 1_000);
        var id = stream.Bought("player-1");
        stream.Change("BalanceDeducted", id, "balanceCoins", JsonValue.Create(1L));
        await using var store = await ObserverStore.NewAsync(postgres);
        var records = store.Records(stream.Events);
        await store.ReadAsync(records);
        await store.AskAsync<object>("UPDATE violations SET settled_at = now(), who = 'sre-1', why = 'a drill'");
        await RebuildCommand.EmptyAsync(store.Database, default);
        await Assert.ThrowsAsync<ReadAgainException>(() => store.ReadAsync(records));
        await store.Transaction.RunAsync(1, records, new HashSet<string>(), DateTime.UtcNow, ObserverStore.Nothing,
            default);
        Assert.Equal(2, await store.AskAsync<long>("SELECT times FROM violations WHERE settled_at IS NOT NULL"));
    }
}
