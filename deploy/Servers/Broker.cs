using System.Diagnostics;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Checkout.Servers;

/// <summary>
/// A Kafka cluster to work with: one we run (<see cref="KafkaServer"/>), one that runs already (<see
/// cref="ExternalBroker"/>) or a stand-in (<see cref="InMemoryBroker"/>).
/// </summary>
public abstract class Broker : IAsyncDisposable
{
    private static readonly TimeSpan TopicDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FencedInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>What clients take as bootstrap.servers.</summary>
    public abstract string Bootstrap { get; }

    /// <summary>For people: "Apache Kafka 4.3.1 at 127.0.0.1:9092".</summary>
    public abstract string Name { get; }

    /// <summary>
    /// librdkafka's in-memory broker: it keeps 5 MiB a partition, can't list its groups, and forgets all when it ends.
    /// </summary>
    public virtual bool IsInMemory => false;

    /// <summary>librdkafka's settings of who may do everything here, beside the address.</summary>
    public virtual IReadOnlyDictionary<string, string> Administrator { get; } = new Dictionary<string, string>();

    public abstract ValueTask DisposeAsync();

    /// <summary>Makes a topic that keeps everything, or finds it with that many partitions.</summary>
    public virtual async Task CreateTopicAsync(string name, int partitions, short replicas = 1,
        CancellationToken cancel = default)
    {
        using var admin = Admin();
        var topic = new TopicSpecification
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = replicas,
            Configs = new() { ["retention.ms"] = "-1", ["retention.bytes"] = "-1" },
        };
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(FencedInterval, cancel))
            try
            {
                await admin.CreateTopicsAsync([topic],
                    new() { OperationTimeout = TopicDeadline, RequestTimeout = TopicDeadline }).WaitAsync(cancel);
                return;
            }
            catch (CreateTopicsException e) when (e.Results[0].Error.Code == ErrorCode.TopicAlreadyExists)
            {
                RequirePartitions(name, partitions);
                return;
            }
            catch (CreateTopicsException e) when (IsFenced(e.Results[0].Error) && clock.Elapsed < TopicDeadline)
            {
                // It answers, and its controller has not heard of it for a session: so on a machine that is busy with
                // its start (seen, Kafka 4.3.1).
            }
    }

    private static bool IsFenced(Error error) =>
        error.Code == ErrorCode.InvalidReplicationFactor && error.Reason.Contains("fenced", StringComparison.Ordinal);

    private protected void RequirePartitions(string topic, int wanted)
    {
        using var admin = Admin();
        var found = admin.GetMetadata(topic, TopicDeadline).Topics[0].Partitions.Count;
        if (found == wanted) return;
        throw new ServerFailedException(
            $"The topic {topic} of {Name} has {found} partitions, not {wanted}: remove it (its events come back from "
                + $"the event stores), or set the count to {found}.");
    }

    /// <summary>A client of who may do everything here.</summary>
    public IAdminClient Admin() => new AdminClientBuilder(
        new AdminClientConfig(Administrator.ToDictionary())
        {
            BootstrapServers = Bootstrap,
            SocketTimeoutMs = 10_000,
        })
        // A broker that is not up yet is not worth a line on the console: who waits for it says so.
        .SetLogHandler((_, _) => { })
        .SetErrorHandler((_, _) => { })
        .Build();
}
