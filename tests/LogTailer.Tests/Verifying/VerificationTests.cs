using System.Text;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;
using Checkout.Fixtures;
using Checkout.LogTailer.Verifying;
using Checkout.Servers;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Checkout.LogTailer.Tests.Verifying;

/// <summary>A store and a topic that were the same, and then one of them was changed.</summary>
public sealed class VerificationTests(PostgresFixture postgres, BrokerFixture brokers) : IAsyncLifetime
{
    private readonly StubRegistry _registry = new();
    private Broker _broker = null!;
    private SampleStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _broker = await brokers.BrokerAsync();
        _store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await _broker.CreateTopicAsync(_store.Topic, SampleStore.Partitions);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task What_was_published_is_the_same_also_while_more_is_appended()
    {
        await using var tail = Tail();
        await AppendAsync(StoreDatabase.PageEvents + 1_000);
        using var done = new CancellationTokenSource();
        var appending = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested) await AppendAsync(10);
        });
        var pages = new List<(long Compared, long Total)>();
        var verdict = await VerifyAsync(patience: 30, (compared, total) => pages.Add((compared, total)));
        await done.CancelAsync();
        await appending;
        Assert.Null(verdict.Difference);
        Assert.InRange(verdict.Events, StoreDatabase.PageEvents + 1_000, long.MaxValue);
        Assert.Equal(0, verdict.Duplicates);
        Assert.True(pages.Count >= 2 && pages[^1] == (verdict.Events, verdict.Events), $"{pages.Count} pages");
    }

    [Fact]
    public async Task An_event_that_is_not_on_the_topic_is_named()
    {
        await PublishAsync();
        var lost = new Sample("customer-1");
        await _store.AppendAsync(lost);
        Assert.Contains($"event {lost.EventId} at position 101 is not there", (await VerifyAsync()).Difference,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_that_is_gone_lacks_the_first_event()
    {
        await AppendAsync(1);
        await using var broker = InMemoryBroker.Start();
        Assert.Contains("at position 1 is not there", (await VerifyAsync(broker)).Difference, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Brokers_that_are_away_are_no_difference()
    {
        await AppendAsync(1);
        var broker = InMemoryBroker.Start();
        await broker.DisposeAsync();
        await Assert.ThrowsAsync<KafkaException>(() => VerifyAsync(broker));
    }

    [Fact]
    public async Task An_event_that_the_store_does_not_hold_is_named()
    {
        await PublishAsync();
        var last = await _store.ScalarAsync<Guid>("SELECT event_id FROM events WHERE position = 100");
        await _store.SqlAsync("DELETE FROM events WHERE position = 100; UPDATE head SET position = 99");
        var difference = (await VerifyAsync()).Difference;
        Assert.Contains($"holds event {last} at position 100, which the store does not have there", difference,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("payload = payload || '\\x00'::bytea", "has the value ")]
    [InlineData("traceparent = 'another'", "has the header traceparent=another in the store")]
    [InlineData("event_id = '00000000-0000-0000-0000-000000000001'",
        "has the header ce_id=00000000-0000-0000-0000-000000000001 in the store")]
    [InlineData("key = 'another'", "has the key another in the store")]
    public async Task An_event_that_was_changed_is_named(string change, string difference)
    {
        await PublishAsync();
        await _store.SqlAsync($"UPDATE events SET {change} WHERE position = 50");
        var verdict = await VerifyAsync();
        Assert.Contains("at position 50", verdict.Difference, StringComparison.Ordinal);
        Assert.Contains(difference, verdict.Difference, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_of_another_schema_is_named()
    {
        await PublishAsync();
        await _store.SqlAsync("UPDATE schemas SET schema = replace(schema, 'Happened', 'Otherwise')");
        Assert.Contains("has the schema fingerprint 0102030405060708 in the store and registry id 1",
            (await VerifyAsync()).Difference, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Duplicates_are_counted_and_are_no_difference_where_the_store_holds_them()
    {
        await PublishAsync();
        var records = TopicReader.ReadAll(_broker.Bootstrap, _store.Topic);
        await ProduceAsync(records.Take(3));
        var verdict = await VerifyAsync();
        Assert.Null(verdict.Difference);
        Assert.Equal(3, verdict.Duplicates);
        Assert.Contains("3 duplicate records", verdict.ToString(), StringComparison.Ordinal);

        records[0].Message.Headers.Remove(EventHeaders.Id);
        records[0].Message.Headers.Add(EventHeaders.Id, Encoding.UTF8.GetBytes(Guid.Empty.ToString()));
        await ProduceAsync(records.Take(1));
        Assert.Contains($"holds event {Guid.Empty}", (await VerifyAsync()).Difference, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_that_no_tailer_wrote_is_named()
    {
        await PublishAsync();
        await ForeignRecords.WriteAsync(_broker.Bootstrap, _store.Topic, 1);
        var verdict = await VerifyAsync();
        Assert.Contains("partition 0 offset", verdict.Difference, StringComparison.Ordinal);
        Assert.True(verdict.OnlyForeign);
    }

    [Fact]
    public async Task What_lies_behind_a_record_that_no_tailer_wrote_is_compared_too()
    {
        await PublishAsync();
        await ForeignRecords.WriteAsync(_broker.Bootstrap, _store.Topic, 1);
        await using (Tail())
        {
            await AppendAsync(100);
            await TopicReader.UntilRecordsAsync(_broker.Bootstrap, _store.Topic, SampleStore.Partitions, 201);
        }
        Assert.True((await VerifyAsync()).OnlyForeign);
        await _store.SqlAsync("UPDATE schemas SET schema = replace(schema, 'Happened', 'Otherwise')");
        var verdict = await VerifyAsync();
        Assert.Contains("has the schema fingerprint", verdict.Difference, StringComparison.Ordinal);
        Assert.False(verdict.OnlyForeign);
    }

    [Fact]
    public async Task What_the_in_memory_broker_forgot_is_told_and_is_no_difference()
    {
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync(_store.Topic, SampleStore.Partitions);
        await using (var tail = new RunningTail(_store, broker.Bootstrap, _registry))
        {
            await AppendAsync(100);
            await TopicReader.MustEqualStoreAsync(_store, broker.Bootstrap);
        }
        broker.DeleteRecords(_store.Topic, 1, before: 5);
        var verdict = await VerifyAsync(broker);
        Assert.Null(verdict.Difference);
        Assert.Equal(5, verdict.Forgotten);
    }

    [Fact]
    public async Task A_partition_that_lost_its_first_records_and_got_them_again_at_its_end_is_the_same()
    {
        await PublishAsync();
        var records = TopicReader.ReadAll(_broker.Bootstrap, _store.Topic);
        var left = records.Where(record => record.Offset.Value >= 5).ToList();
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync(_store.Topic, SampleStore.Partitions);
        await ProduceAsync(left, broker);
        Assert.Contains("is not there: on partition", (await VerifyAsync(broker)).Difference, StringComparison.Ordinal);
        await ProduceAsync(records, broker);
        var verdict = await VerifyAsync(broker);
        Assert.Null(verdict.Difference);
        Assert.Equal(left.Count, verdict.Duplicates);
    }

    private RunningTail Tail() => new(_store, _broker.Bootstrap, _registry, _broker.IsInMemory);

    private Task AppendAsync(int events) =>
        _store.AppendAsync([.. Enumerable.Range(0, events).Select(n => new Sample($"customer-{n}"))]);

    /// <summary>A hundred events, in the store and on the topic, and no tailer any more.</summary>
    private async Task PublishAsync()
    {
        await using var tail = Tail();
        await AppendAsync(100);
        await TopicReader.MustEqualStoreAsync(_store, _broker.Bootstrap);
    }

    private async Task ProduceAsync(IEnumerable<ConsumeResult<string, byte[]>> records, Broker? broker = null)
    {
        using var producer =
            new ProducerBuilder<string, byte[]>(new ProducerConfig { BootstrapServers = (broker ?? _broker).Bootstrap })
            .SetLogHandler((_, _) => { }).Build();
        foreach (var record in records) await producer.ProduceAsync(record.TopicPartition, record.Message);
    }

    private Task<Verdict> VerifyAsync(int patience = 1, Action<long, long>? progress = null) =>
        VerifyAsync(_broker, patience, progress);

    private Task<Verdict> VerifyAsync(Broker broker, int patience = 1, Action<long, long>? progress = null) =>
        new Verification(
            _store.Topic, new(_store.Source),
            new(new() { BootstrapServers = broker.Bootstrap, InMemory = broker.IsInMemory }, _store.Topic,
                NullLogger.Instance), _registry.Client(),
            TimeSpan.FromSeconds(patience))
        .RunAsync(progress, TestContext.Current.CancellationToken);
}
