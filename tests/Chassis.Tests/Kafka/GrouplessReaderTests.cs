using System.Collections.Concurrent;
using System.Text;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Checkout.Chassis.Tests.Kafka;

/// <summary>Every reader hears every record that comes after it began, and its group knows nothing of it.</summary>
public sealed class GrouplessReaderTests(Stage stage)
{
    private const int Partitions = 3;

    [Fact]
    public async Task All_readers_hear_what_comes_after_they_began_and_nothing_is_committed()
    {
        var topics = new[] { await stage.NewTopicAsync(Partitions), await stage.NewTopicAsync(Partitions) };
        await TellAsync(topics[0], "before");
        var group = BrokerFixture.NewName("group");
        await using var one = new Reading(stage, group, topics);
        await using var other = new Reading(stage, group, topics);
        await Eventually.Until(() => one.Begun == 1 && other.Begun == 1, "both stand at the ends");
        Assert.Equal((2 * Partitions, 0), (one.Reader.Partitions, one.Heard.Count));
        for (var i = 0; i < 20; i++) await TellAsync(topics[i % 2], $"{i}");
        foreach (var reading in new[] { one, other })
        {
            await Eventually.Until(() => reading.Heard.Count == 20, "all is heard");
            Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}").Order(), reading.Heard.Order());
            Assert.True(reading.WasValueless);
        }
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig { BootstrapServers = stage.Broker.Bootstrap, GroupId = group }).Build();
        var committed = consumer.Committed(topics.SelectMany(topic =>
            Enumerable.Range(0, Partitions).Select(p => new TopicPartition(topic, p))), TimeSpan.FromSeconds(30));
        Assert.All(committed, offset => Assert.Equal(Offset.Unset, offset.Offset));
    }

    [Fact]
    public async Task A_topic_that_is_not_there_yet_is_heard_when_it_is()
    {
        var (there, later) = (await stage.NewTopicAsync(Partitions), BrokerFixture.NewName("later"));
        await using var reading = new Reading(stage, BrokerFixture.NewName("group"), [there, later]);
        await Eventually.Until(() => reading.Begun == 1, "it begins with what is there");
        await TellAsync(there, "first");
        await Eventually.Until(() => reading.Heard.Contains("first"), "what is there is heard");
        await stage.Broker.CreateTopicAsync(later, Partitions);
        // It says that it may have missed what came to the new topic before it found that.
        await Eventually.Until(() => reading.Begun == 2, "it begins with the other, too");
        await TellAsync(later, "second");
        await TellAsync(there, "third");
        await Eventually.Until(() => reading.Heard.Contains("second") && reading.Heard.Contains("third"),
            "both are heard");
        Assert.Equal(3, reading.Heard.Count);
    }

    [Fact]
    public async Task Brokers_that_are_away_are_waited_for_and_nothing_is_missed_then()
    {
        var topic = await stage.NewTopicAsync(Partitions);
        await using var proxy = KafkaProxy.Before(stage.Broker.Bootstrap);
        await proxy.StopAsync();
        await using var reading = new Reading(stage, BrokerFixture.NewName("group"), [topic], proxy.Bootstrap);
        await Eventually.Until(() => reading.Lines.Contain("Kafka, reading without a group"), "it says that none is");
        Assert.Equal(0, reading.Begun);
        proxy.Start();
        await Eventually.Until(() => reading.Begun == 1, "it begins");
        await proxy.StopAsync();
        for (var i = 0; i < 10; i++) await TellAsync(topic, $"{i}");
        proxy.Start();
        await Eventually.Until(() => reading.Heard.Count == 10, "what came meanwhile is heard");
        await Eventually.Until(() => reading.Reader.Behind == 0, "it is behind nothing");
    }

    /// <summary>As where one leader of many does not answer yet when all of them start.</summary>
    [Fact]
    public async Task Where_one_topic_does_not_answer_at_the_start_no_other_is_forgotten()
    {
        var (told, untold) = (await stage.NewTopicAsync(Partitions), await stage.NewTopicAsync(Partitions));
        await using var proxy = KafkaProxy.Before(stage.Broker.Bootstrap);
        proxy.Swallow(KafkaRequest.ListOffsets, about: untold);
        await using var reading = new Reading(stage, BrokerFixture.NewName("group"), [told, untold], proxy.Bootstrap);
        await Eventually.Until(() => reading.Lines.Contain("Kafka, reading without a group"), "it could not ask");
        proxy.LetPass(KafkaRequest.ListOffsets);
        await Eventually.Until(() => reading.Begun > 0, "it begins");
        Assert.Equal(2 * Partitions, reading.Reader.Partitions);
        await TellAsync(told, "first");
        await TellAsync(untold, "second");
        await Eventually.Until(() => reading.Heard.Count == 2, "both are heard");
    }

    /// <summary>A consumer that brokers answer and that gets nothing, whatever the cause.</summary>
    [Fact]
    public async Task A_client_that_does_not_read_any_more_is_replaced()
    {
        var topic = await stage.NewTopicAsync(Partitions);
        await using var proxy = KafkaProxy.Before(stage.Broker.Bootstrap);
        await using var reading = new Reading(stage, BrokerFixture.NewName("group"), [topic], proxy.Bootstrap);
        await Eventually.Until(() => reading.Begun == 1, "it begins");
        proxy.Swallow(KafkaRequest.Fetch);
        await Eventually.Until(async () =>
        {
            await TellAsync(topic, "lost");
            return reading.Begun > 1;
        }, "another begins");
        Assert.True(reading.Lines.Contain("Another client reads without a group"));
        proxy.LetPass(KafkaRequest.Fetch);
        await Eventually.Until(async () =>
        {
            await TellAsync(topic, "heard");
            return reading.Heard.Contains("heard");
        }, "it reads on");
    }

    [Fact]
    public async Task A_topic_that_is_made_anew_is_read_on()
    {
        if (stage.Broker.IsInMemory)
            throw Prerequisite.Missing("kafka", "the in-memory broker can't delete topics.");
        var topic = await stage.NewTopicAsync(Partitions);
        await using var reading = new Reading(stage, BrokerFixture.NewName("group"), [topic]);
        await Eventually.Until(() => reading.Begun == 1, "it begins");
        await TellAsync(topic, "old");
        await Eventually.Until(() => reading.Heard.Contains("old"), "the old one is heard");
        await stage.RemakeTopicAsync(topic, Partitions);
        using var producer = stage.NewProducer();
        await Eventually.Until(async () =>
        {
            await producer.ProduceAsync(topic, Message("new"));
            return reading.Heard.Contains("new");
        }, "the new one is heard");
    }

    [Fact]
    public async Task Who_says_where_it_goes_on_gets_all_from_there_with_values_and_is_told_of_ends()
    {
        var topic = await stage.NewTopicAsync(1);
        foreach (var what in new[] { "0", "1", "2" }) await TellAsync(topic, what);
        var ends = new ConcurrentQueue<long>();
        await using var reading = new Reading(stage, BrokerFixture.NewName("group"), [topic], from: _ => 1,
            atEnd: ends.Enqueue);
        await Eventually.Until(() => ends.Contains(3), "it is told of the end");
        Assert.Equal(["1", "2"], reading.Heard);
        Assert.False(reading.WasValueless);
        reading.Reader.ReadAgain(new(topic, 0));
        await Eventually.Until(() => reading.Heard.Count == 4, "it is read from there again");
        Assert.Equal(["1", "2", "1", "2"], reading.Heard);
    }

    [Fact]
    public async Task A_place_behind_the_end_is_one_of_another_topic_and_the_partition_is_read_from_its_start()
    {
        var topic = await stage.NewTopicAsync(1);
        await TellAsync(topic, "0");
        var remade = new ConcurrentQueue<TopicPartition>();
        await using var reading = new Reading(stage, BrokerFixture.NewName("group"), [topic], from: _ => 17,
            remade: remade.Enqueue);
        await Eventually.Until(() => reading.Heard.Contains("0"), "it is read from its start");
        Assert.Equal([new TopicPartition(topic, 0)], remade);
    }

    private async Task TellAsync(string topic, string what) => await stage.Producer.ProduceAsync(topic, Message(what));

    private static Message<byte[]?, byte[]?> Message(string what) => new()
    {
        Key = Encoding.UTF8.GetBytes(what),
        Value = [1, 2, 3],
        Headers = [new Header("what", Encoding.UTF8.GetBytes(what))],
    };

    private sealed class Reading : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly LoggerFactory _loggers;
        private readonly Task _running;
        private int _begun;

        public Reading(Stage stage, string group, IReadOnlyCollection<string> topics, string? bootstrap = null,
            Func<TopicPartition, long>? from = null, Action<long>? atEnd = null, Action<TopicPartition>? remade = null)
        {
            _loggers = new([Lines], new LoggerFilterOptions { MinLevel = LogLevel.Information });
            var kafka = new KafkaOptions
            {
                BootstrapServers = bootstrap ?? stage.Broker.Bootstrap,
                InMemory = stage.Broker.IsInMemory
            };
            // An operator's word on the group's own consumer.
            kafka.Properties["enable.auto.commit"] = "true";
            kafka.Properties["enable.auto.offset.store"] = "true";
            Reader = new(kafka, group, topics, () => Interlocked.Increment(ref _begun), Came, TimeProvider.System,
                _loggers.CreateLogger("reader"))
            {
                From = from,
                AtEnd = atEnd is null ? null : (_, end) => atEnd(end),
                Remade = remade,
            };
            _running = Reader.RunAsync(_stop.Token);
        }

        public GrouplessReader Reader { get; }

        public LogLines Lines { get; } = new();

        public ConcurrentQueue<string> Heard { get; } = new();

        public bool WasValueless { get; private set; } = true;

        public int Begun => Volatile.Read(ref _begun);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _loggers.Dispose();
            _stop.Dispose();
        }

        private void Came(ConsumeResult<byte[]?, byte[]?> record)
        {
            WasValueless &= record.Message.Value is null && record.Message.Key is null;
            Heard.Enqueue(Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes("what")));
        }
    }
}
