using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>What a tailer that slept still had to send, when it wakes while another publishes.</summary>
public sealed class SleeperTests(PostgresFixture postgres)
{
    private const int Published = 100, FirstOfSleeper = 300, LastOfSleeper = 2_600, All = 2_700;

    /// <summary>
    /// More than any window that is read at a partition's end, so that nothing there tells of what is missing before.
    /// </summary>
    [Fact]
    public async Task Many_events_sent_ahead_of_those_that_are_missing_are_not_taken_for_the_end()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker, partitions: 1);
        var registry = new StubRegistry();
        await using var tail = new RunningTail(store, broker.Bootstrap, registry);
        await store.AppendAsync([.. Enumerable.Range(0, Published).Select(_ => new Sample("k"))]);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);

        // What comes next has to wait for the registry, and what is behind it too.
        registry.IsAway = true;
        await store.AppendAsync(
            [new Sample("k", "test.Other"), .. Enumerable.Range(0, All - Published - 1).Select(_ => new Sample("k"))]);
        await tail.UntilAsync(TailState.Active, "The registry at");
        await store.SendAsync(broker.Bootstrap, FirstOfSleeper, LastOfSleeper);
        await Eventually.Until(() => tail.Lines.Contains("should end at 100"), "the running tailer notices them");
        registry.IsAway = false;
        await TopicReader.UntilConsumersHaveAllAsync(store, broker.Bootstrap, partitions: 1);
    }
}
