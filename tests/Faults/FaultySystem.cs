using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Checkout.Local;
using Checkout.Servers;
using Npgsql;

namespace Checkout.Faults;

/// <summary>
/// The whole system as deploy/Local runs it, two processes of each kind, without fsync since no machine is cut off; its
/// Kafka is the campaign's own, so that it can be killed and started again.
/// </summary>
internal sealed partial class FaultySystem : IAsyncDisposable
{
    public const int Instances = 2;
    public const int TopicPartitions = 12;
    public static readonly IReadOnlyList<string> Services = ["store", "balance", "inventory"];
    public static readonly IReadOnlyList<string> Tailers = ["logtailer", "logtailer-2"];
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(1) };

    private readonly ConcurrentQueue<string> _said = new();

    private FaultySystem(KafkaServer? kafka, RegistryGate registry, string folder) =>
        (Kafka, Registry, Folder) = (kafka, registry, folder);

    public string Folder { get; }

    /// <summary>Null where the broker is the in-memory one.</summary>
    public KafkaServer? Kafka { get; }

    /// <summary>What all processes ask for schemas.</summary>
    public RegistryGate Registry { get; }

    /// <summary>Whoever writes to topics that are not theirs, and what they wrote.</summary>
    public ForeignProducer Foreign { get; private set; } = null!;

    public LocalSystem Local { get; private set; } = null!;

    public InMemoryBroker? InMemory => Local.Broker as InMemoryBroker;

    public PostgresServer Postgres => Local.Postgres;

    /// <summary>What it told its operator, with the times.</summary>
    public IEnumerable<string> Said => _said;

    public Supervised this[string service, int instance] => Local[instance == 1 ? service : $"{service}-{instance}"];

    public IReadOnlyList<Supervised> Both(string service) => [this[service, 1], this[service, 2]];

    public static async Task<FaultySystem> StartAsync(string folder, bool inMemory, CancellationToken stop)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        var kafka = inMemory ? null : await KafkaServer.StartAsync(KafkaSettings(folder), stop);
        var registry = await RegistryGate.StartAsync(Path.Combine(folder, "registry.jsonl"));
        var system = new FaultySystem(kafka, registry, folder);
        try
        {
            system.Local = await LocalSystem.StartAsync(new()
            {
                Folder = folder,
                Observed = false,
                BootstrapServers = kafka?.Bootstrap,
                InMemoryBroker = inMemory,
                SchemaRegistryUrl = registry.Url,
                // A foreign record framed with an unknown schema holds its partition for so long: above what the
                // registry lags in a round, and below the patience of the judge.
                // The tolerance is above what a clock is wrong by in a round, which is above a checkout's deadline.
                Environment = new Dictionary<string, string?>
                {
                    ["Reactor__LongestWait"] = "00:01:00",
                    ["Reactor__ClockTolerance"] = "00:07:00",
                },
                MayInstall = false,
                GiveDemoData = false,
                Instances = Instances,
                Fsync = false,
                StorePort = 0,
            }, system.Say, stop);
            system.Foreign = new(system);
            return system;
        }
        catch
        {
            await registry.DisposeAsync();
            if (kafka is not null) await kafka.DisposeAsync();
            throw;
        }
    }

    public void Say(string sentence) =>
        _said.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} {sentence}"));

    /// <summary>The process that publishes for a store; null where none says it does.</summary>
    public async Task<Supervised?> ActiveTailerAsync(string store)
    {
        foreach (var tailer in Tailers)
            if ((await StatesAsync(tailer)).GetValueOrDefault(store) == "active") return Local[tailer];
        return null;
    }

    /// <summary>
    /// Every process runs and says it is ready; of each store one tailer is active and the other on standby.
    /// </summary>
    public async Task<string?> NotWellAsync()
    {
        if (Local.Processes.FirstOrDefault(p => p.State != ProcessState.Ready) is { } process)
            return $"{process.Name} is {process.State.ToString().ToLowerInvariant()}";
        var states = await Task.WhenAll(Tailers.Select(StatesAsync));
        foreach (var store in Services)
        {
            var both = states.Select(s => s.GetValueOrDefault(store, "silent")).Order().ToList();
            if (both is not ["active", "standby"]) return $"the tailers of {store} are {string.Join(" and ", both)}";
        }
        return null;
    }

    /// <summary>Gives an operator's command of a service its facts, as a file.</summary>
    public async Task GiveAsync(string service, string command, object facts, CancellationToken stop)
    {
        var file = Path.Combine(Folder, $"{command}.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(facts), stop);
        await DemoData.RunAsync(Local, service, char.ToUpperInvariant(service[0]) + service[1..], [command, file],
            stop);
    }

    public async Task<NpgsqlConnection> OpenAsync(string database, CancellationToken stop)
    {
        var connection =
            new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(Postgres.ConnectionString(database))
                {
                    Pooling = false
                }.ConnectionString);
        await connection.OpenAsync(stop);
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        Foreign.Dispose();
        await Local.DisposeAsync();
        await Registry.DisposeAsync();
        if (Kafka is not null) await Kafka.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
    }

    /// <summary>
    /// What the processes said when a Kafka client of theirs had lost its brokers, or stood: a round holds, and the
    /// state was met.
    /// </summary>
    public IEnumerable<string> Mended() => Directory.GetFiles(Path.Combine(Folder, "logs")).SelectMany(File.ReadLines)
        .Where(line => line.Contains("given up every broker", StringComparison.Ordinal)
            || line.Contains("new client takes over", StringComparison.Ordinal)
            || line.Contains("A new consumer takes the place", StringComparison.Ordinal));

    /// <summary>The data of a system that was judged fine; PostgreSQL's may lie elsewhere.</summary>
    public void RemoveData()
    {
        Directory.Delete(Folder, recursive: true);
        if (Directory.Exists(Postgres.DataDirectory)) Directory.Delete(Postgres.DataDirectory, recursive: true);
    }

    private static KafkaSettings KafkaSettings(string folder) => new()
    {
        DataDirectory = Path.Combine(folder, "kafka"),
        Port = Ports.Free(),
        ControllerPort = Ports.Free(),
        // How soon a killed node may come back; a round would last longer by the rest of it.
        More = new Dictionary<string, string>
        {
            ["broker.session.timeout.ms"] = "2000",
            ["broker.heartbeat.interval.ms"] = "500"
        },
    };

    private async Task<Dictionary<string, string>> StatesAsync(string tailer)
    {
        try
        {
            using var answer = await Http.GetAsync($"{Local.Url(tailer)}/health/ready");
            var text = await answer.Content.ReadAsStringAsync();
            return TailStates().Matches(text).DistinctBy(m => m.Groups[1].Value)
                .ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return [];
        }
    }

    [GeneratedRegex("(store|balance|inventory): (waiting|standby|healing|active|stopped): ")]
    private static partial Regex TailStates();
}
