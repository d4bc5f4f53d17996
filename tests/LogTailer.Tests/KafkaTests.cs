using Checkout.Chassis.EventStore;
using Checkout.Chassis.WireFormat;
using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka.Admin;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>What only a real Kafka does: topics are made, described, deleted.</summary>
public sealed class KafkaTests(PostgresFixture postgres, BrokerFixture brokers)
{
    [Fact]
    public async Task The_topic_is_made_with_the_pinned_partitions_and_keeps_everything()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await store.AppendAsync([.. Enumerable.Range(0, 1_000).Select(n => new Sample($"k{n}"))]);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        using var admin = broker.NewAdmin();
        var configs =
            (await admin.DescribeConfigsAsync([new() { Type = ResourceType.Topic, Name = store.Topic }]))[0].Entries;
        Assert.Equal("-1", configs["retention.ms"].Value);
        Assert.Equal("delete", configs["cleanup.policy"].Value);
    }

    [Fact]
    public async Task A_topic_that_forgets_is_refused_with_a_sentence()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        using var admin = broker.NewAdmin();
        await admin.CreateTopicsAsync(
            [new() { Name = store.Topic, NumPartitions = SampleStore.Partitions, ReplicationFactor = 1,
                Configs = new() { ["retention.ms"] = "86400000" } }]);
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await tail.UntilAsync(TailState.Stopped, "retention.ms=86400000");
    }

    [Fact]
    public async Task A_topic_that_can_have_no_such_replication_is_refused_with_a_sentence()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false, replicas: 3);
        await tail.UntilAsync(TailState.Stopped, "Kafka:TopicReplicationFactor (now 3)");
    }

    [Fact]
    public async Task A_topic_deleted_while_all_is_quiet_is_made_again_and_filled_from_the_store()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await store.AppendAsync([.. Enumerable.Range(0, 200).Select(n => new Sample($"k{n}"))]);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        using var admin = broker.NewAdmin();
        await admin.DeleteTopicsAsync([store.Topic]);
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, deadline: TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Records_deleted_from_the_topics_end_are_published_again_before_the_next_event()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await store.AppendAsync(new Sample("a"), new Sample("b"), new Sample("c"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);
        using var admin = broker.NewAdmin();
        await tail.DisposeAsync();
        await admin.DeleteRecordsAsync([new(store.Topic, 0, 3)]);
        await using var again = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await store.AppendAsync(new Sample("d"));
        await TopicReader.UntilRecordsAsync(broker.Bootstrap, store.Topic, 1, 7);
        Assert.Equal([1L, 2, 3, 4], TopicReader.ReadAll(broker.Bootstrap, store.Topic, 1).Select(r => r.Position()));
    }

    [Theory]
    [InlineData("cleanup.policy", "compact", "retention.ms=-1 and cleanup.policy=compact")]
    [InlineData("retention.bytes", "1000000", "has retention.bytes=1000000 and so would lose events")]
    [InlineData("min.insync.replicas", "1", "has min.insync.replicas=1 and Kafka:MinInSyncReplicas asks for 2")]
    public async Task A_topic_with_other_settings_is_refused_with_a_sentence_and_taken_when_they_are_mended(
        string setting, string value, string sentence)
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        using var admin = broker.NewAdmin();
        await admin.CreateTopicsAsync([new()
        {
            Name = store.Topic,
            NumPartitions = SampleStore.Partitions,
            ReplicationFactor = 1,
            Configs = new() { ["retention.ms"] = "-1", [setting] = value },
        }]);
        // One replica can't be two in sync; the setting is judged before anything is produced.
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false,
            minInSync: (short)(setting == "min.insync.replicas" ? 2 : 1));
        await tail.UntilAsync(TailState.Stopped, sentence);
        Assert.Contains($"kafka-configs.sh --alter --entity-type topics --entity-name {store.Topic}",
            tail.Status.Now.Reason, StringComparison.Ordinal);
        await admin.IncrementalAlterConfigsAsync(new()
        {
            [new() { Type = ResourceType.Topic, Name = store.Topic }] =
                [.. new[] { ("cleanup.policy", "delete"), ("retention.bytes", "-1"), ("min.insync.replicas", "2") }
                .Select(c =>
                    new ConfigEntry { Name = c.Item1, Value = c.Item2, IncrementalOperation = AlterConfigOpType.Set })],
        });
        await tail.UntilAsync(TailState.Active);
    }

    [Fact]
    public async Task The_largest_event_that_the_event_store_accepts_is_one_that_kafka_takes()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        var sample = new Sample(new string('k', 2_000), Type: new string('t', 500))
        {
            CorrelationId = Guid.NewGuid().ToString(),
            CausationId = Guid.NewGuid(),
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            TraceState = new string('s', 512),
        };
        var around = new NewEvent
        {
            EventId = sample.EventId,
            Key = sample.Key,
            Type = sample.Type,
            OccurredAt = DateTime.UtcNow,
            CorrelationId = sample.CorrelationId,
            CausationId = sample.CausationId,
            TraceParent = sample.TraceParent,
            TraceState = sample.TraceState,
            Payload = SingleObject.Frame(SampleStore.Fingerprint, []),
        };
        var largest = sample with
        {
            Body = new string('b', EventStoreOptions.DefaultMaxEventBytes - around.RecordBytes)
        };
        await store.AppendAsync(new Sample("a"), largest, new Sample("b"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
    }

    [Fact]
    public async Task An_event_too_large_that_got_into_the_log_by_hand_stops_publication_with_a_sentence()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        // The client lets it pass, the broker refuses it.
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false,
            client: [("message.max.bytes", "5000000")]);
        await store.AppendAsync(new Sample("a", Body: new string('b', 2_000_000)));
        await tail.UntilAsync(TailState.Stopped,
            "is larger than message.max.bytes: raise it in Kafka:Properties and on topic");
    }

    [Fact]
    public async Task An_event_of_a_clock_that_is_2_hours_ahead_is_published_with_its_own_time_in_a_header()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        var ahead = DateTime.UtcNow.AddHours(2);
        await store.AppendAsync(new Sample("a"), new Sample("a") { OccurredAt = ahead }, new Sample("a"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        var record = TopicReader.ReadAll(broker.Bootstrap, store.Topic, SampleStore.Partitions)
            .Single(record => record.Position() == 2);
        Assert.InRange(record.Message.Timestamp.UtcDateTime, ahead.AddHours(-2).AddMinutes(-5), ahead.AddHours(-1));
        Assert.StartsWith($"{ahead:yyyy-MM-ddTHH:mm}", record.Header("ce_time"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_the_broker_refuses_for_good_stops_publication_with_its_name_and_what_to_do()
    {
        var broker = await brokers.RealAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 1);
        using var admin = broker.NewAdmin();
        await admin.CreateTopicsAsync([new()
        {
            Name = store.Topic,
            NumPartitions = 1,
            ReplicationFactor = 1,
            Configs = new() { ["retention.ms"] = "-1", ["message.timestamp.before.max.ms"] = "3600000" },
        }]);
        var old = new Sample("a") { OccurredAt = DateTime.UtcNow.AddDays(-1) };
        // Of one request, and only one of its events is at fault.
        await store.AppendAsync(new Sample("a"), new Sample("a"), old, new Sample("a"));
        await using var tail = new RunningTail(store, broker.Bootstrap, inMemory: false);
        await tail.UntilAsync(TailState.Stopped, $"{old.EventId} at position 3");
        Assert.Contains("Raise them with kafka-configs.sh", tail.Status.Now.Reason, StringComparison.Ordinal);
        await admin.IncrementalAlterConfigsAsync(new()
        {
            [new() { Type = ResourceType.Topic, Name = store.Topic }] = [new()
            {
                Name = "message.timestamp.before.max.ms", IncrementalOperation = AlterConfigOpType.Delete,
            }],
        });
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);
    }
}
