using Checkout.Chassis.Registry;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Verifying;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Checkout.Local.Demo;

/// <summary>Holds every topic against its store, as `verify` of LogTailer does.</summary>
public static class TopicsCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] Stores = ["store", "balance", "inventory"];

    public static async Task<IReadOnlyList<Verdict>> VerifyAsync(RunningSystem system, CancellationToken stop)
    {
        var registry = new SchemaRegistry(system.Access.Registry(system.SchemaRegistry));
        return await Task.WhenAll(Stores.Select(async name =>
        {
            await using var source = NpgsqlDataSource.Create(system.Database(name));
            var kafka = new KafkaClients(
                new()
                {
                    BootstrapServers = system.BootstrapServers,
                    InMemory = system.InMemoryBroker,
                    Properties = system.Access.Tailer.ToDictionary(),
                }, name, NullLogger.Instance);
            return await new Verification(name, new(source), kafka, registry, Patience).RunAsync(null, stop);
        }));
    }
}
