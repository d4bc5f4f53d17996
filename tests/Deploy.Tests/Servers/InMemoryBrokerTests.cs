using System.Diagnostics;
using Checkout.Servers;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

public sealed class InMemoryBrokerTests
{
    private const int Partitions = 12;

    [Fact]
    public async Task What_is_produced_to_twelve_partitions_is_read_by_a_group()
    {
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync("t", Partitions, cancel: TestContext.Current.CancellationToken);
        await Records.ProduceAsync(broker, "t", Partitions, perPartition: 100);
        var read = Records.Read(broker, "t", Partitions * 100);
        Assert.Equal(Partitions, read.Select(record => record.Partition.Value).Distinct().Count());
        var sent = Enumerable.Range(0, 100).Select(n => $"{n}").ToList();
        Assert.All(read.GroupBy(record => record.Partition.Value),
            records => Assert.Equal(sent, records.Select(record => record.Message.Value)));
    }

    [Fact]
    public async Task A_topic_that_is_there_is_taken_if_it_has_as_many_partitions()
    {
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync("t", Partitions, cancel: TestContext.Current.CancellationToken);
        await broker.CreateTopicAsync("t", Partitions, cancel: TestContext.Current.CancellationToken);
        var refusal = await Assert.ThrowsAsync<ServerFailedException>(() =>
            broker.CreateTopicAsync("t", 6, cancel: TestContext.Current.CancellationToken));
        Assert.Contains("has 12 partitions, not 6", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deleted_records_are_gone_and_later_ones_stay()
    {
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync("t", 1, cancel: TestContext.Current.CancellationToken);
        await Records.ProduceAsync(broker, "t", 1, perPartition: 10);
        await Records.ProduceAsync(broker, "t", 1, perPartition: 10);
        broker.DeleteRecords("t", 0, before: 10);
        Assert.Equal(10, Records.Read(broker, "t", 10)[0].Offset.Value);
    }

    [Fact]
    public async Task Clients_go_on_when_a_broker_that_was_down_comes_up()
    {
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync("t", 1, cancel: TestContext.Current.CancellationToken);
        var config = new ProducerConfig { BootstrapServers = broker.Bootstrap };
        using var producer = new ProducerBuilder<string, string>(config).SetLogHandler((_, _) => { }).Build();
        await producer.ProduceAsync("t", new() { Value = "before" }, TestContext.Current.CancellationToken);
        broker.SetDown();
        var during = producer.ProduceAsync("t", new() { Value = "during" }, TestContext.Current.CancellationToken);
        Assert.NotSame(during, await Task.WhenAny(during, Task.Delay(300, TestContext.Current.CancellationToken)));
        broker.SetUp();
        Assert.Equal(1,
            (await during.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Offset.Value);
    }

    [Fact]
    public async Task Two_brokers_live_side_by_side_and_a_stopped_one_says_so()
    {
        await using var one = InMemoryBroker.Start();
        await using var other = InMemoryBroker.Start();
        Assert.NotEqual(one.Bootstrap, other.Bootstrap);
        await one.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(one.SetDown);
        await other.CreateTopicAsync("t", 1, cancel: TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task With_the_advised_fetch_wait_a_record_is_read_as_it_comes()
    {
        await using var broker = InMemoryBroker.Start();
        await broker.CreateTopicAsync("t", 1, cancel: TestContext.Current.CancellationToken);
        using var consumer = Records.Consumer(broker, "g", InMemoryBroker.AdvisedFetchWaitMs);
        consumer.Assign(new TopicPartitionOffset("t", 0, 0));
        using var producer =
            new ProducerBuilder<string, string>(
                new ProducerConfig { BootstrapServers = broker.Bootstrap, LingerMs = 0 }).Build();
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 60; i++)
        {
            await producer.ProduceAsync("t", new() { Value = "x" }, TestContext.Current.CancellationToken);
            Assert.Equal(i, consumer.Consume(TimeSpan.FromSeconds(20)).Offset.Value);
        }
        // With librdkafka's default of 500 ms this takes 30 s.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }
}
