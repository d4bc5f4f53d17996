using Checkout.Chassis.EventStore;
using Checkout.Chassis.Registry;
using Checkout.LogTailer.Source;

namespace Checkout.LogTailer.Operating;

/// <summary>One tail a followed database, each on its own: the trouble of one never holds up another.</summary>
public sealed class Tails(
    TailerOptions options, SchemaRegistry registry, TailerMetrics metrics, IReadOnlyList<TailStatus> statuses,
    ILogger<Tail> log, TimeProvider time, IHostApplicationLifetime process)
    : BackgroundService
{
    /// <summary>What has to be changed before this process can work; null while it can.</summary>
    public string? Unusable { get; private set; }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(
            options.Stores.Zip(statuses,
                (store, status) => Task.Run(() => FollowAsync(store, status, stoppingToken), CancellationToken.None)));

    private async Task FollowAsync(StoreOptions store, TailStatus status, CancellationToken stop)
    {
        await using var servers = new Primary(store.Connection());
        try
        {
            await new Tail(store, options, registry, metrics, status, servers, log, time).RunAsync(stop);
        }
        catch (UnusableDatabaseException e)
        {
            Unusable = e.Message;
            process.StopApplication();
        }
    }
}
