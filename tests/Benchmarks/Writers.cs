using System.Diagnostics;
using Npgsql;

namespace Checkout.Benchmarks;

/// <summary>Applications that commit events at a rate, or as fast as the server takes them.</summary>
internal sealed class Writers(FilledStore store, string outboxTopic)
{
    private const int Connections = 4;
    private const int BulkConnections = 2;
    public const int BulkEvents = 500;

    private int _ordinal;

    /// <summary>
    /// Transactions of one event, evenly spread over a few connections; on a machine too busy for the rate they come
    /// late, and all come.
    /// </summary>
    public async Task PacedAsync(double eventsPerSecond, TimeSpan held, CancellationToken cancel)
    {
        var interval = TimeSpan.FromSeconds(Connections / eventsPerSecond);
        var clock = Stopwatch.StartNew();
        await ConnectedAsync(Connections, async (connection, i) =>
        {
            for (var next = interval * i / Connections; next < held; next += interval)
            {
                if (next > clock.Elapsed) await Task.Delay(next - clock.Elapsed, cancel);
                await AppendAsync(connection, 1, cancel);
            }
        }, cancel);
    }

    /// <summary>Transactions of 500 events, one behind the other on two connections.</summary>
    public Task SaturatingAsync(TimeSpan held, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        return ConnectedAsync(BulkConnections, async (connection, _) =>
        {
            while (clock.Elapsed < held) await AppendAsync(connection, BulkEvents, cancel);
        }, cancel);
    }

    public Task OneAsync(CancellationToken cancel) =>
        ConnectedAsync(1, (connection, _) => AppendAsync(connection, 1, cancel), cancel);

    private Task AppendAsync(NpgsqlConnection connection, int events, CancellationToken cancel)
    {
        var first = Interlocked.Add(ref _ordinal, events) - events;
        return FilledStore.AppendToBothAsync(connection, [.. Enumerable.Range(first, events).Select(store.Owner.Event)],
            outboxTopic, cancel);
    }

    private Task ConnectedAsync(int connections, Func<NpgsqlConnection, int, Task> work, CancellationToken cancel) =>
        Task.WhenAll(Enumerable.Range(0, connections).Select(i => Task.Run(async () =>
        {
            await using var connection = await store.Source.OpenConnectionAsync(cancel);
            await work(connection, i);
        }, cancel)));
}
