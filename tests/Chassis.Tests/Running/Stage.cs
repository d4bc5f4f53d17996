using Checkout.Chassis.Registry;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

[assembly: AssemblyFixture(typeof(Stage))]
[assembly: AssemblyFixture(typeof(LoadFixture))]

namespace Checkout.Chassis.Tests.Running;

/// <summary>
/// The servers of this test program, shared by its tests; each test has databases, topics and groups of its own.
/// </summary>
public sealed class Stage : IAsyncLifetime
{
    private readonly BrokerFixture _broker = new();
    private readonly RegistryFixture _registry = new();
    private IProducer<byte[]?, byte[]?>? _producer;

    public PostgresFixture Postgres { get; } = new();

    public Broker Broker { get; private set; } = null!;

    public string RegistryUrl => _registry.Url;

    public SchemaRegistry Registry { get; private set; } = null!;

    public IProducer<byte[]?, byte[]?> Producer => _producer!;

    public async ValueTask InitializeAsync()
    {
        await _registry.InitializeAsync();
        Registry = NewSchemaRegistry();
        Broker = await _broker.BrokerAsync();
        _producer = NewProducer();
    }

    public IProducer<byte[]?, byte[]?> NewProducer() =>
        new ProducerBuilder<byte[]?, byte[]?>(
            new ProducerConfig { BootstrapServers = Broker.Bootstrap, EnableIdempotence = true, LingerMs = 0 })
            .SetLogHandler((_, _) => { }).Build();

    public SchemaRegistry NewSchemaRegistry() => new(new() { Url = RegistryUrl });

    public Task<string> NewTopicAsync(int partitions) => _broker.NewTopicAsync(partitions);

    /// <summary>
    /// Deletes a topic and makes it anew, at once. A producer that knew the old one is of no use for the new one.
    /// </summary>
    public async Task RemakeTopicAsync(string topic, int partitions)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Broker.Bootstrap })
            .SetLogHandler((_, _) => { }).Build();
        await admin.DeleteTopicsAsync([topic]);
        await Eventually.Until(async () =>
        {
            try
            {
                await admin.CreateTopicsAsync(
                    [new() { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
                return true;
            }
            catch (CreateTopicsException e) when (e.Results[0].Error.Code == ErrorCode.TopicAlreadyExists)
            {
                return false;
            }
        }, $"{topic} can be made anew");
    }

    public async ValueTask DisposeAsync()
    {
        _producer?.Dispose();
        await _broker.DisposeAsync();
        await Postgres.DisposeAsync();
        await _registry.DisposeAsync();
    }
}
