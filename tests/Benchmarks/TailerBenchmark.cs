using System.Globalization;
using Checkout.Chassis.WireFormat;
using Checkout.Registry;
using Checkout.Servers;

namespace Checkout.Benchmarks;

/// <summary>
/// How long after its commit is an event on its topic? LogTailer and Debezium on the same server, the same broker and
/// the same transactions.
/// </summary>
internal sealed class TailerBenchmark : IDisposable
{
    private const string OutboxTopic = "outbox";
    private const string OutboxIdHeader = "id";
    private static readonly TimeSpan Saturated = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly (string Name, double EventsPerSecond)[] Rates = [("5/s", 5), ("500/s", 500)];

    private readonly FilledStore _store;
    private readonly Broker _broker;
    private readonly TopicEnds _topics;
    private readonly Writers _writers;

    private TailerBenchmark(FilledStore store, Broker broker)
    {
        (_store, _broker, _topics) = (store, broker, new TopicEnds(broker));
        _writers = new Writers(store, OutboxTopic);
    }

    public static async Task<int> RunAsync(TimeSpan held, bool onlyInMemory, CancellationToken cancel)
    {
        using var workspace = new Workspace();
        await using var postgres = await workspace.PostgresAsync(cancel);
        await using var broker = await workspace.BrokerAsync(onlyInMemory, cancel);
        await using var registry = await DevelopmentRegistry.StartAsync(0);
        await using var store = await FilledStore.CreateAsync(postgres, Owner.Store, cancel);
        await store.MakeOutboxAsync(cancel);
        using var benchmark = new TailerBenchmark(store, broker);
        Console.WriteLine($"On {broker.Name}, PostgreSQL with fsync. Latencies in ms, from the commit. {Machine.Now}");
        if (broker.IsInMemory) await benchmark.AloneAsync(registry.Url, held, cancel);
        else await benchmark.BesideDebeziumAsync(registry.Url, workspace, held, cancel);
        return 0;
    }

    private async Task AloneAsync(string registryUrl, TimeSpan held, CancellationToken cancel)
    {
        Console.WriteLine(
            "Left out: Debezium and the broker's own time stamps, since there is no KAFKA_HOME with a released Kafka.");
        await _broker.CreateTopicAsync(Owner.Store.Topic, FilledStore.Partitions, cancel: cancel);
        await using var tailer = new TailerProcess(_broker, registryUrl, [_store]);
        await tailer.ActiveAsync(cancel);
        foreach (var (name, rate) in Rates)
            await MeasureAsync(name, () => _writers.PacedAsync(rate, held, cancel), tailer, null, cancel);
        await MeasureAsync("saturation", () => _writers.SaturatingAsync(Saturated, cancel), tailer, null, cancel);
    }

    private async Task BesideDebeziumAsync(string registryUrl, Workspace workspace, TimeSpan held,
        CancellationToken cancel)
    {
        await _topics.MakeStampedByBrokerAsync(Owner.Store.Topic);
        await _topics.MakeStampedByBrokerAsync(OutboxTopic);
        if (!DebeziumProcess.IsThere) Console.WriteLine($"Left out: Debezium, since {DebeziumProcess.Missing}.");
        await using (var tailer = new TailerProcess(_broker, registryUrl, [_store]))
        {
            await tailer.ActiveAsync(cancel);
            if (!DebeziumProcess.IsThere)
                foreach (var (name, rate) in Rates)
                    await MeasureAsync(name, () => _writers.PacedAsync(rate, held, cancel), tailer, null, cancel);
            foreach (var (name, settings) in Peers())
            {
                await using var debezium = await StreamingAsync(workspace[name], settings, cancel);
                foreach (var (rateName, rate) in Rates)
                    await MeasureAsync($"{rateName}, Debezium {name}", () => _writers.PacedAsync(rate, held, cancel),
                        tailer, debezium, cancel);
            }
            await MeasureAsync("saturation, LogTailer alone", () => _writers.SaturatingAsync(Saturated, cancel), tailer,
                null, cancel);
        }
        foreach (var (name, settings) in Peers())
        {
            await using var debezium = await StreamingAsync(workspace[$"{name} under saturation"], settings, cancel);
            await MeasureAsync($"saturation, Debezium {name} alone", () => _writers.SaturatingAsync(Saturated, cancel),
                null, debezium, cancel);
        }
    }

    private static IEnumerable<(string Name, IReadOnlyDictionary<string, string> Settings)> Peers() =>
        DebeziumProcess.IsThere ? [("as it comes", DebeziumProcess.AsItComes), ("tuned", DebeziumProcess.Tuned)] : [];

    private async Task<DebeziumProcess> StreamingAsync(string folder, IReadOnlyDictionary<string, string> settings,
        CancellationToken cancel)
    {
        var before = _topics.Of(OutboxTopic).Sum();
        var debezium = await DebeziumProcess.StartAsync(folder, _broker, _store, settings, cancel);
        await debezium.StreamingAsync(() => _writers.OneAsync(cancel), () => _topics.Of(OutboxTopic).Sum() > before,
            cancel);
        return debezium;
    }

    private async Task MeasureAsync(string what, Func<Task> write, TailerProcess? tailer, DebeziumProcess? debezium,
        CancellationToken cancel)
    {
        var position = await _store.PositionAsync(cancel);
        // What the start of a peer left on its way belongs to nobody's measurement.
        var ours = tailer is null
            ? null : new Watched("LogTailer", Owner.Store.Topic, EventHeaders.Id, tailer.Pid,
                await QuietAsync(Owner.Store.Topic, cancel));
        var theirs = debezium is null
            ? null : new Watched("Debezium", OutboxTopic, OutboxIdHeader, debezium.Pid,
                await QuietAsync(OutboxTopic, cancel));
        var histogram = tailer is null ? null : await tailer.HistogramAsync(cancel);
        Watched[] watched = [.. new[] { ours, theirs }.OfType<Watched>()];
        await write();
        var events = await _store.PositionAsync(cancel) - position;
        foreach (var one in watched) await _topics.UntilAsync(one.Topic, one.Ends.Sum() + events, Patience, cancel);
        Console.WriteLine($"{what}: {events:N0} events. {Machine.Now}");
        var cpu = watched.Select(one => one.CpuSeconds).ToList();
        var commits = _broker.IsInMemory ? [] : await _store.CommitsAfterAsync(position, cancel);
        var found = watched.Select((one, i) => Say(one, cpu[i], commits)).ToList();
        if (tailer is not null)
        {
            var acknowledged = (await tailer.HistogramAsync(cancel)).Since(histogram!);
            var (p50, p99) = (acknowledged.QuantileMs(0.5), acknowledged.QuantileMs(0.99));
            Console.WriteLine(
                Text($"  {"",-9} commit to acknowledgement, by its own histogram: p50 {p50:F1}  p99 {p99:F1}"));
        }
        if (found is [{ } a, { } b])
            Console.WriteLine(Text($"  ratio     p50 {a.Ms(0.5) / b.Ms(0.5):F2}     p99 {a.Ms(0.99) / b.Ms(0.99):F2}"));
    }

    /// <summary>On the in-memory broker nothing but the CPU: it stamps no records.</summary>
    private Latencies? Say(Watched one, double cpu, Dictionary<Guid, DateTime> commits)
    {
        var process = Text($"CPU {cpu:F2} s, peak memory {Machine.PeakMemoryMiB(one.Pid)} MiB");
        if (_broker.IsInMemory)
        {
            Console.WriteLine($"  {one.Name,-9} {process}");
            return null;
        }
        var arrivals = _topics.ReadAfter(one.Topic, one.Ends, one.IdHeader);
        var latencies = new Latencies(commits, arrivals);
        var seconds = (arrivals.Max(a => a.At) - commits.Values.Min()).TotalSeconds;
        Console.WriteLine(Text($"  {one.Name,-9} {latencies}  {latencies.Count / seconds,7:N0} events/s  {process}"));
        return latencies;
    }

    /// <summary>The ends of a topic to which nothing is under way any more.</summary>
    private async Task<long[]> QuietAsync(string topic, CancellationToken cancel)
    {
        for (var ends = _topics.Of(topic); ;)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancel);
            var now = _topics.Of(topic);
            if (now.SequenceEqual(ends)) return now;
            ends = now;
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    public void Dispose() => _topics.Dispose();

    private sealed record Watched(string Name, string Topic, string IdHeader, int Pid, long[] Ends)
    {
        private readonly double _cpuBefore = Machine.CpuSeconds(Pid);

        public double CpuSeconds => Machine.CpuSeconds(Pid) - _cpuBefore;
    }
}
