using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;

namespace Checkout.LogTailer.Tests;

public static class RealBroker
{
    /// <summary>The shared broker if it is a real Kafka; else the test is skipped.</summary>
    public static async Task<Broker> RealAsync(this BrokerFixture brokers)
    {
        var broker = await brokers.BrokerAsync();
        return broker.IsInMemory
            ? throw Prerequisite.Missing("kafka",
                "there is neither KAFKA_HOME nor Docker: only a real Kafka makes, describes and deletes topics.")
            : broker;
    }

    public static IAdminClient NewAdmin(this Broker broker) =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap })
            .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
}
