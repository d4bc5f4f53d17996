using System.Diagnostics;
using System.Globalization;
using Checkout.Chassis.WireFormat;
using Checkout.Registry;
using Checkout.Servers;

namespace Checkout.Benchmarks;

/// <summary>
/// How long is nothing published when the active tailer is killed or frozen under load and another stands by?
/// </summary>
internal sealed class TakeoverBenchmark
{
    private const string OutboxTopic = "nobody follows the outbox here";
    private const double EventsPerSecond = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly FilledStore _store;
    private readonly TopicEnds _topics;
    private readonly Func<TailerProcess> _start;
    private TailerProcess _active;
    private TailerProcess _standby;

    private TakeoverBenchmark(FilledStore store, TopicEnds topics, Func<TailerProcess> start)
    {
        (_store, _topics, _start) = (store, topics, start);
        (_active, _standby) = (start(), start());
    }

    public static async Task<int> RunAsync(int rounds, bool onlyInMemory, CancellationToken cancel)
    {
        using var workspace = new Workspace();
        await using var postgres = await workspace.PostgresAsync(cancel);
        await using var broker = await workspace.BrokerAsync(onlyInMemory, cancel);
        await using var registry = await DevelopmentRegistry.StartAsync(0);
        await using var store = await FilledStore.CreateAsync(postgres, Owner.Store, cancel);
        await store.MakeOutboxAsync(cancel);
        await broker.CreateTopicAsync(Owner.Store.Topic, FilledStore.Partitions, cancel: cancel);
        using var topics = new TopicEnds(broker);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var writing = new Writers(store, OutboxTopic).PacedAsync(EventsPerSecond, TimeSpan.MaxValue, enough.Token);
        Console.WriteLine($"On {broker.Name}, {EventsPerSecond} events/s. From the signal until an event committed "
            + $"after it is on the topic. {Machine.Now}");
        var benchmark = new TakeoverBenchmark(store, topics, () => new TailerProcess(broker, registry.Url, [store]));
        try
        {
            await benchmark.SettleAsync(cancel);
            await MeasureAsync("killed", rounds, benchmark.KilledAsync, cancel);
            await MeasureAsync("frozen", rounds, benchmark.FrozenAsync, cancel);
        }
        finally
        {
            await benchmark._active.DisposeAsync();
            await benchmark._standby.DisposeAsync();
            await enough.CancelAsync();
            await writing.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.OnlyOnCanceled,
                TaskScheduler.Default);
        }
        return 0;
    }

    private static async Task MeasureAsync(string what, int rounds, Func<CancellationToken, Task<TimeSpan>> strike,
        CancellationToken cancel)
    {
        var took = new List<TimeSpan>();
        for (var round = 0; round < rounds; round++) took.Add(await strike(cancel));
        took.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"The active tailer {what}, {rounds} times: median {took[rounds / 2].TotalSeconds:F2} s, worst "
                + $"{took[^1].TotalSeconds:F2} s. {Machine.Now}"));
    }

    private async Task<TimeSpan> KilledAsync(CancellationToken cancel)
    {
        var took = await StruckAsync("KILL", cancel);
        await _active.DisposeAsync();
        _active = _start();
        await SettleAsync(cancel);
        return took;
    }

    private async Task<TimeSpan> FrozenAsync(CancellationToken cancel)
    {
        var took = await StruckAsync("STOP", cancel);
        _active.Signal("CONT");
        await SettleAsync(cancel);
        return took;
    }

    private async Task<TimeSpan> StruckAsync(string signal, CancellationToken cancel)
    {
        var ends = _topics.Of(Owner.Store.Topic);
        _active.Signal(signal);
        var clock = Stopwatch.StartNew();
        var position = await _store.PositionAsync(cancel);
        while (!await PublishedAfterAsync(position, ends, cancel))
        {
            if (clock.Elapsed > Patience)
                throw new TimeoutException($"Nothing was published within {Patience.TotalSeconds} s of SIG{signal}.");
            await Task.Delay(PollInterval, cancel);
        }
        return clock.Elapsed;
    }

    private async Task<bool> PublishedAfterAsync(long position, long[] ends, CancellationToken cancel)
    {
        var committed = await _store.CommitsAfterAsync(position, cancel);
        return _topics.ReadAfter(Owner.Store.Topic, ends, EventHeaders.Id)
            .Exists(arrival => committed.ContainsKey(arrival.EventId));
    }

    /// <summary>Returns when one of the two publishes and the other stands by.</summary>
    private async Task SettleAsync(CancellationToken cancel)
    {
        for (var deadline = DateTime.UtcNow + Patience; ; await Task.Delay(PollInterval, cancel))
        {
            if (await _standby.IsAsync("active", cancel)) (_active, _standby) = (_standby, _active);
            if (await _active.IsAsync("active", cancel) && await _standby.IsAsync("standby", cancel)) return;
            if (DateTime.UtcNow > deadline) throw new TimeoutException(
                $"After {Patience.TotalSeconds} s there are not one active tailer and one on standby.");
        }
    }
}
