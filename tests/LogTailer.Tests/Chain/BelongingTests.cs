using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>
/// A store that was restored and went on by other decisions. Ids follow from the causes, so they are the same.
/// </summary>
public sealed class BelongingTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData("type = 'test.Refused' WHERE position = 3", "(test.Refused)")]
    [InlineData("payload = payload || '\\x21' WHERE position = 3", "another body")]
    [InlineData("payload = payload || '\\x21' WHERE position = 2", "another body")]
    [InlineData("event_id = gen_random_uuid() WHERE position = 1", "of partition 0 there")]
    public async Task A_store_that_decided_otherwise_stops_with_a_sentence(string otherwise, string said)
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker, partitions: 1);
        await store.AppendAsync(new Sample("k"), new Sample("k"), new Sample("k"));
        await using (new RunningTail(store, broker))
            await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);
        await store.SqlAsync($"UPDATE events SET {otherwise}");
        await using var tail = new RunningTail(store, broker);
        await tail.UntilAsync(TailState.Stopped, said);
    }
}
