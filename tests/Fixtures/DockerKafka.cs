using Checkout.Servers;
using DotNet.Testcontainers.Builders;
using Testcontainers.Kafka;

namespace Checkout.Fixtures;

/// <summary>Kafka in a container, where Docker answers and has or gets the image.</summary>
internal sealed class DockerKafka : Broker
{
    private const string Image = "apache/kafka:4.3.1";
    private const string Switch = "CHECKOUT_TEST_DOCKER";
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(5);

    private readonly KafkaContainer _container;

    private DockerKafka(KafkaContainer container) => _container = container;

    public override string Bootstrap => _container.GetBootstrapAddress();

    public override string Name => $"{Image} in Docker at {Bootstrap}";

    public static async Task<DockerKafka?> TryStartAsync()
    {
        if (Environment.GetEnvironmentVariable(Switch) == "0") return null;
        KafkaContainer? container = null;
        try
        {
            using var deadline = new CancellationTokenSource(StartDeadline);
            container = new KafkaBuilder(Image).Build();
            await container.StartAsync(deadline.Token);
            return new(container);
        }
        catch (DockerUnavailableException)
        {
            return null;
        }
        // A Docker without network or room for the image is no Docker for us; the reason is said, and the in-memory
        // broker serves.
        catch (Exception e)
        {
            TestLog.Say($"Docker did not start {Image} (set {Switch}=0 not to try): {e.Message}");
            if (container is not null) await container.DisposeAsync();
            return null;
        }
    }

    public override ValueTask DisposeAsync() => _container.DisposeAsync();
}
