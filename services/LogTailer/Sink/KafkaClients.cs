using Checkout.Chassis.Kafka;
using Checkout.LogTailer.Sink.InMemory;
using Confluent.Kafka;

namespace Checkout.LogTailer.Sink;

/// <summary>The three kinds of client a session uses, from one set of settings.</summary>
public sealed class KafkaClients(KafkaOptions options, string storeName, ILogger log)
{
    /// <summary>Bounds what a frozen tailer can still have on its way, and memory.</summary>
    public const int MaxOutstandingEvents = 32_768;
    public const int MaxOutstandingBytes = 64 * 1024 * 1024;

    /// <summary>librdkafka's default of 10 s decides how late a returning broker is noticed.</summary>
    private const int MaxReconnectDelayMs = 1_000;

    /// <summary>
    /// For how long librdkafka takes a topic that the brokers do not know for one just made; what is to go there waits.
    /// With its default of 30 s a topic deleted under load was made again after 28 to 38 s (seen, librdkafka 2.16.0).
    /// The tailer has seen its topic described before it sends.
    /// </summary>
    private const int TopicUnknownMs = 2_000;

    /// <summary>
    /// librdkafka waits 60 s for an answer before it connects anew and sends again: so long a network that swallowed
    /// packets would hold up publication after its return (seen, 2.16.0). Sent again, a request that was slow only is
    /// recognised by its sequence.
    /// </summary>
    private const int MaxAnswerDelayMs = 10_000;

    /// <summary>
    /// For how long an admin client believes what it was told about a partition's leader. By default 15 minutes, in
    /// which it asks one that is dead and no other (seen, librdkafka 2.16.0): the watch over the topic would be blind
    /// for so long.
    /// </summary>
    private const int LeadersKnownMs = 5_000;

    private int _isRefused;

    /// <summary>librdkafka's in-memory broker drops the oldest by itself; Kafka keeps what it took.</summary>
    public bool KeepEverything => !options.InMemory;
    public KafkaOptions Options => options;

    public EventProducer Producer(string topic, Action<Delivery> delivered, Action<Error> fatal)
    {
        var config = Configured(new ProducerConfig
        {
            EnableIdempotence = true,
            Acks = Acks.All,
            // No timer in the data path. Under load requests fill by themselves while five are in flight.
            LingerMs = 0,
            // The tailer names the partition; this is for whoever reads the configuration, and for agreement with other
            // producers.
            Partitioner = Partitioner.Murmur2Random,
            // No expiry: a broker outage delays, and nothing may be left out of the chain.
            MessageTimeoutMs = 0,
            TopicMetadataPropagationMaxMs = TopicUnknownMs,
            RequestTimeoutMs = MaxAnswerDelayMs,
            QueueBufferingMaxMessages = 2 * MaxOutstandingEvents,
        });
        return new EventProducer(config, topic, delivered, Failed, Forward, Lost);

        void Failed(Error error)
        {
            if (error.IsFatal) fatal(error);
            else if (error.Code == ErrorCode.Local_AllBrokersDown) log.BrokersDown(storeName, error.Reason);
            else Forward(error);
        }
    }

    public IConsumer<byte[], byte[]> Consumer() =>
        new ConsumerBuilder<byte[], byte[]>(Configured(new ConsumerConfig
        {
            // Never joined: partitions are assigned by hand and nothing is committed.
            GroupId = "logtailer-reads-ends",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            IsolationLevel = IsolationLevel.ReadUncommitted,
        })).SetLogHandler((_, message) => Forward(message)).SetErrorHandler((_, error) => Forward(error)).Build();

    /// <summary>It lives as long as a session, and so has to come back from a broker's restart by itself.</summary>
    public IAdminClient Admin()
    {
        var config = AdminConfig();
        config.StatisticsIntervalMs ??= LostBrokers.StatisticsIntervalMs;
        return new AdminClientBuilder(config)
            .SetLogHandler((_, message) => Forward(message)).SetErrorHandler((_, error) => Forward(error))
            .SetStatisticsHandler(LostBrokers.Handler(options.BootstrapServers, Lost)).Build();
    }

    public ITopic Topic(IAdminClient admin) =>
        options.InMemory ? new InMemoryTopic(admin) : new KafkaTopic(this, admin);

    /// <summary>By a client of its own: it is asked once a session, and when something is wrong.</summary>
    /// <exception cref="KafkaException">The brokers do not answer in time.</exception>
    public async Task<DescribedTopic> DescribeAsync(string topic, TimeSpan timeout)
    {
        var descriptions = new TopicDescriptions(AdminConfig());
        try
        {
            return (await descriptions.AskAsync([topic], timeout))[0];
        }
        finally
        {
            await EndAsync(descriptions);
        }
    }

    /// <summary>Ends a client, or leaves it to itself where it does not end.</summary>
    public async Task EndAsync(IDisposable client)
    {
        if (!await Guarded.EndAsync(client, Guarded.LongestEnd))
            log.ClientDoesNotEnd(storeName, client.GetType().Name, Guarded.LongestEnd.TotalSeconds);
    }

    private AdminClientConfig AdminConfig() => Configured(new AdminClientConfig { MetadataMaxAgeMs = LeadersKnownMs });

    private T Configured<T>(T config) where T : ClientConfig
    {
        config.SocketTimeoutMs = MaxAnswerDelayMs;
        foreach (var (name, value) in KafkaProperties.Named(options.Properties)) config.Set(name, value);
        config.BootstrapServers = options.BootstrapServers;
        config.ClientId = $"logtailer-{storeName}";
        config.ReconnectBackoffMaxMs = MaxReconnectDelayMs;
        config.SocketNagleDisable = true;
        return config;
    }

    private void Lost() => log.BrokersLost(storeName);

    /// <summary>
    /// The client repeats itself at every attempt to connect; what an operator has to know comes by the error handlers
    /// and the sessions.
    /// </summary>
    private void Forward(LogMessage message)
    {
        if (message.Level < SyslogLevel.Error) log.KafkaSays(storeName, message.Facility, message.Message);
        else log.KafkaMentions(storeName, message.Facility, message.Message);
    }

    private void Forward(Error error)
    {
        // The client says it again at each attempt, with the time that it took.
        if (error.Code is ErrorCode.Local_Authentication or ErrorCode.Local_Ssl
            && Interlocked.Exchange(ref _isRefused, 1) == 0) log.KafkaRefuses(storeName, error.Reason);
        else log.KafkaMentions(storeName, error.Code.ToString(), error.Reason);
    }
}
