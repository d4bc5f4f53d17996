using Checkout.Servers;
using Xunit;

namespace Checkout.Fixtures;

/// <summary>
/// One broker for a test program: [assembly: AssemblyFixture(typeof(BrokerFixture))]. The nearest to production that is
/// here: a released Kafka (KAFKA_HOME), else one in Docker (unless CHECKOUT_TEST_DOCKER is 0), else librdkafka's
/// in-memory broker. It starts at its first use and says which it is.
/// </summary>
public sealed class BrokerFixture : IAsyncLifetime
{
    public const int DefaultPartitions = 12;

    private readonly TestFolder _folder = new("kafka");
    private readonly Lazy<Task<Broker>> _broker;

    public BrokerFixture() => _broker = new(StartAsync);

    public Task<Broker> BrokerAsync() => _broker.Value;

    /// <summary>Tests share the broker, not its topics, groups or ids: each takes names nobody else has.</summary>
    public static string NewName(string prefix = "test") => $"{prefix}-{Guid.NewGuid():N}";

    /// <summary>A new topic, empty and with a name of its own.</summary>
    public async Task<string> NewTopicAsync(int partitions = DefaultPartitions, string prefix = "test")
    {
        var name = NewName(prefix);
        await (await BrokerAsync()).CreateTopicAsync(name, partitions);
        return name;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_broker.IsValueCreated && _broker.Value.IsCompletedSuccessfully) await (await _broker.Value).DisposeAsync();
        _folder.Dispose();
    }

    private async Task<Broker> StartAsync()
    {
        var started = await StartNearestAsync();
        TestLog.Say(started.Name);
        return started;
    }

    private async Task<Broker> StartNearestAsync()
    {
        if (KafkaHome.Find() is { } home)
            return await KafkaServer.StartAsync(
                new() { DataDirectory = _folder["kafka"], Home = home, LeavesClasses = true });
        if (await DockerKafka.TryStartAsync() is { } container) return container;
        if (Prerequisite.IsRequired("kafka"))
            throw Prerequisite.Missing("kafka", "there is neither KAFKA_HOME nor Docker.");
        return InMemoryBroker.Start();
    }
}
