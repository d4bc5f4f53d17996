using Confluent.Kafka;

namespace Checkout.Servers;

/// <summary>A cluster that somebody else runs, known by its addresses.</summary>
public sealed class ExternalBroker(string bootstrap, string? name = null) : Broker
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public override string Bootstrap => bootstrap;

    public override string Name => name ?? $"Kafka at {bootstrap}";

    /// <exception cref="ServerFailedException">Nobody answers there.</exception>
    public async Task RequireAsync(CancellationToken cancel = default)
    {
        try
        {
            using var admin = Admin();
            await Task.Run(() => admin.GetMetadata(Patience), cancel);
        }
        catch (KafkaException e)
        {
            throw new ServerFailedException($"No Kafka answers at {bootstrap} ({e.Error.Reason}): give the address "
                + "of one that runs, as host:port,host:port.", e);
        }
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
