using Checkout.Fixtures;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>A tail in this process, with its log in the test's output.</summary>
public sealed class RunningTail : IAsyncDisposable
{
    // Not disposed: a test may end a tail itself before its scope does.
    private readonly CancellationTokenSource _stop = new();
    private readonly Primary _servers;
    private readonly TailerMetrics _metrics;
    private readonly ILoggerFactory _logs;
    private readonly Task _running;

    public RunningTail(
        SampleStore store, string bootstrapServers, StubRegistry? registry = null, bool inMemory = true,
        string[]? readBy = null, string? name = null, short replicas = 1, short minInSync = 1,
        IEnumerable<(string Name, string Value)>? client = null, WatchOptions? watch = null,
        string? connectionString = null, string? slot = null)
    {
        var storeOptions = new StoreOptions
        {
            Name = name ?? store.Topic,
            ConnectionString = connectionString ?? store.ConnectionString,
            Slot = slot,
            ReadBy = readBy ?? []
        };
        var options = new TailerOptions
        {
            Stores = [storeOptions],
            Watch = watch ?? new(),
            Kafka = new()
            {
                BootstrapServers = bootstrapServers,
                InMemory = inMemory,
                TopicReplicationFactor = replicas,
                MinInSyncReplicas = minInSync
            },
        };
        foreach (var (setting, value) in client ?? []) options.Kafka.Properties[setting] = value;
        Status = new TailStatus(storeOptions.Name, TimeProvider.System);
        _metrics = new TailerMetrics([Status]);
        _servers = new Primary(connectionString ?? store.ConnectionString);
        _logs = LoggerFactory.Create(log => log.SetMinimumLevel(LogLevel.Debug).AddProvider(Lines));
        var tail = new Tail(storeOptions, options, (registry ?? new StubRegistry()).Client(), _metrics, Status,
            _servers,
            _logs.CreateLogger<Tail>(), TimeProvider.System);
        _running = Task.Run(() => tail.RunAsync(_stop.Token));
    }

    public RunningTail(SampleStore store, Servers.Broker broker)
        : this(store, broker.Bootstrap, inMemory: broker.IsInMemory)
    {
    }

    public TailStatus Status { get; }

    public TailLog Lines { get; } = new(TestContext.Current.TestOutputHelper);

    public Task UntilAsync(TailState state, string? reason = null) =>
        Eventually.Until(() => Status.Now.State == state
            && (reason is null || Status.Now.Reason.Contains(reason, StringComparison.Ordinal)),
            $"{Status.Store} {state} {reason}, is {Status.Now}");

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _running;
        await _servers.DisposeAsync();
        _metrics.Dispose();
        _logs.Dispose();
    }
}
