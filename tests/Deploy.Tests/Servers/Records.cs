using Checkout.Servers;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

/// <summary>Writes to a broker and reads back.</summary>
internal static class Records
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task ProduceAsync(Broker broker, string topic, int partitions, int perPartition)
    {
        var config = new ProducerConfig { BootstrapServers = broker.Bootstrap, EnableIdempotence = true, LingerMs = 0 };
        // A node that has just started answers "coordinator load in progress" for a moment, which the client logs and
        // tries again.
        using var producer = new ProducerBuilder<string, string>(config).SetLogHandler((_, _) => { }).Build();
        var sent = from partition in Enumerable.Range(0, partitions)
                   from n in Enumerable.Range(0, perPartition)
                   select producer.ProduceAsync(new TopicPartition(topic, partition),
                       new() { Key = $"{partition}", Value = $"{n}" });
        await Task.WhenAll(sent).WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    public static IConsumer<string, string> Consumer(Broker broker, string group, int fetchWaitMs = 500)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = broker.Bootstrap,
            GroupId = group,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            FetchWaitMaxMs = fetchWaitMs,
        };
        return new ConsumerBuilder<string, string>(config).SetLogHandler((_, _) => { }).Build();
    }

    public static List<ConsumeResult<string, string>> Read(Broker broker, string topic, int count)
    {
        using var consumer = Consumer(broker, $"{topic}-{Guid.NewGuid():N}");
        consumer.Subscribe(topic);
        var found = new List<ConsumeResult<string, string>>();
        using var deadline = new CancellationTokenSource(Patience);
        while (found.Count < count) found.Add(consumer.Consume(deadline.Token));
        consumer.Close();
        return found;
    }
}
