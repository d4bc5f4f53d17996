using Confluent.Kafka;

namespace Checkout.Chassis.Kafka;

/// <summary>How to reach Kafka, and how to be a member of a consumer group there.</summary>
public sealed class KafkaOptions
{
    public string BootstrapServers { get; set; } = "";

    /// <summary>
    /// What this process is called in Kafka (client.id) and in traces and metrics (service.instance.id), such as a
    /// pod's name.
    /// </summary>
    public string? InstanceId { get; set; }

    /// <summary>
    /// Set where the broker is librdkafka's in-memory one, which answers a waiting fetch only when its time is up, and
    /// takes long to rebalance.
    /// </summary>
    public bool InMemory { get; set; }

    /// <summary>
    /// Further librdkafka settings, such as security.protocol and sasl.*; they win. See <see cref="KafkaProperties"/>.
    /// </summary>
    public Dictionary<string, string> Properties { get; } = [];

    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(BootstrapServers))
            yield return "Kafka:BootstrapServers is missing; give the brokers' addresses as host:port,host:port.";
        if (Properties.Count > 0 && ClientProblem() is { } problem)
            yield return $"Kafka:Properties can't be used: {problem}";
    }

    /// <summary>librdkafka knows its settings best; a client that is made and not used asks nobody anything.</summary>
    private string? ClientProblem()
    {
        try
        {
            using var client = new ConsumerBuilder<Ignore, Ignore>(Consumer("settings")).SetLogHandler((_, _) => { })
                .SetErrorHandler((_, _) => { }).Build();
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KafkaException)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// The classic protocol with cooperative-sticky assignment and a session of 6 s: a killed consumer's partitions are
    /// taken up again within seconds (KIP-848's session can't go below the broker's 45 s; seen with Kafka 4.3.1). No
    /// static membership: a restarted static member gets its former assignment back as it was, also where it subscribes
    /// to more topics by now (decision 0007).
    /// </summary>
    public ConsumerConfig Consumer(string group)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = BootstrapServers,
            GroupId = group,
            ClientId = string.IsNullOrEmpty(InstanceId) ? group : InstanceId,
            PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
            // The in-memory broker spends a session's time less a second on every rebalance, and a restart can take
            // four of them: with 4 s that was up to 16 s (seen, librdkafka 2.16.0).
            SessionTimeoutMs = InMemory ? 2_500 : 6_000,
            HeartbeatIntervalMs = InMemory ? 500 : 1_000,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoOffsetStore = false,
            EnableAutoCommit = true,
            AutoCommitIntervalMs = 1_000,
            // A topic made after the subscription is found within this.
            TopicMetadataRefreshIntervalMs = 1_000,
            FetchWaitMaxMs = InMemory ? 5 : 500,
            FetchErrorBackoffMs = 50,
            // How late a returning broker is noticed; the default is 10 s.
            ReconnectBackoffMaxMs = 1_000,
            SocketKeepaliveEnable = true,
            // Large groups of partitions fill the queue; the default second of waiting after that would be a timer in
            // the data path.
            FetchQueueBackoffMs = 10,
            StatisticsIntervalMs = LostBrokers.StatisticsIntervalMs,
        };
        foreach (var (key, value) in KafkaProperties.Named(Properties)) config.Set(key, value);
        return config;
    }

    public AdminClientConfig Admin()
    {
        var config = new AdminClientConfig { BootstrapServers = BootstrapServers, ReconnectBackoffMaxMs = 1_000 };
        foreach (var (key, value) in KafkaProperties.Named(Properties)) config.Set(key, value);
        return config;
    }
}
