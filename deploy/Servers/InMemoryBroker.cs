using System.Runtime.InteropServices;

namespace Checkout.Servers;

/// <summary>
/// librdkafka's mock cluster, with one broker: for development and tests where no Kafka is. It lives in this process
/// and listens on 127.0.0.1, so that other processes of this machine can use it. Its limits: 5 MiB a partition, of
/// which the oldest vanishes silently; nothing is kept when it ends; its topics are made by
/// <see cref="CreateTopicAsync"/> (a producer's first use makes one of 4 partitions). AdminClient.ListGroups against it
/// aborts the calling process (librdkafka 2.16.0).
/// </summary>
public sealed class InMemoryBroker : Broker
{
    /// <summary>
    /// For its consumers' fetch.wait.max.ms. A fetch that finds nothing is answered at the end of its wait, not when a
    /// record comes (seen, librdkafka 2.16.0: each record read 360 ms late with the default of 500, 4 to 7 ms with 10).
    /// </summary>
    public const int AdvisedFetchWaitMs = 10;

    private const int OnlyBroker = 1;
    private const int ErrorSize = 512;

    // The default of 3 s delays the first message; with 0 a second member's joining stalls the group for minutes (seen,
    // librdkafka 2.16.0).
    private const int RebalanceDelayMs = 100;

    private nint _client;
    private nint _cluster;

    private InMemoryBroker(nint client, nint cluster)
    {
        _client = client;
        _cluster = cluster;
        Bootstrap = Marshal.PtrToStringUTF8(RdKafka.Bootstraps(cluster))!;
    }

    public override string Bootstrap { get; }

    public override string Name => $"librdkafka's in-memory broker at {Bootstrap}";

    public override bool IsInMemory => true;

    public static InMemoryBroker Start()
    {
        var client = NewClient();
        var cluster = RdKafka.NewCluster(client, brokers: 1);
        if (cluster == 0)
        {
            RdKafka.DestroyClient(client);
            throw new ServerFailedException(
                "librdkafka did not start its in-memory broker: give a Kafka through KAFKA_HOME or BootstrapServers.");
        }
        RdKafka.SetInitialRebalanceDelay(cluster, RebalanceDelayMs);
        return new(client, cluster);
    }

    public override Task CreateTopicAsync(string name, int partitions, short replicas = 1,
        CancellationToken cancel = default)
    {
        var answer = RdKafka.CreateTopic(Alive, name, partitions, replicas);
        if (answer == RdKafka.TopicAlreadyExists) RequirePartitions(name, partitions);
        else RdKafka.Check(answer, $"Making the topic {name}");
        return Task.CompletedTask;
    }

    /// <summary>Cuts every connection and takes no new ones; what is stored stays.</summary>
    public void SetDown() => RdKafka.Check(RdKafka.SetDown(Alive, OnlyBroker), "Taking the broker down");

    public void SetUp() => RdKafka.Check(RdKafka.SetUp(Alive, OnlyBroker), "Bringing the broker up");

    /// <summary>Removes what is before this offset, as a topic's retention would.</summary>
    public void DeleteRecords(string topic, int partition, long before) =>
        RdKafka.Check(RdKafka.DeleteRecords(Alive, topic, partition, before), $"Deleting records of {topic}");

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _cluster, 0) is var old and not 0) RdKafka.DestroyCluster(old);
        if (Interlocked.Exchange(ref _client, 0) is var oldClient and not 0) RdKafka.DestroyClient(oldClient);
        return ValueTask.CompletedTask;
    }

    private nint Alive => _cluster != 0 ? _cluster : throw new ObjectDisposedException(nameof(InMemoryBroker));

    private static nint NewClient()
    {
        var error = Marshal.AllocHGlobal(ErrorSize);
        try
        {
            var configuration = RdKafka.NewConfiguration();
            // The client itself talks to nobody, and would warn about that.
            RdKafka.Set(configuration, "log_level", "3", error, ErrorSize);
            var client = RdKafka.NewClient(RdKafka.Producer, configuration, error, ErrorSize);
            return client != 0 ? client
                : throw new ServerFailedException($"librdkafka did not start: {Marshal.PtrToStringUTF8(error)}");
        }
        finally
        {
            Marshal.FreeHGlobal(error);
        }
    }
}
