using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;

namespace Checkout.Servers;

/// <summary>
/// A released Kafka, run by its own scripts as one node (KRaft, broker and controller) on 127.0.0.1. Its data outlives
/// it.
/// </summary>
public sealed class KafkaServer : Broker
{
    // Any fixed id does: nodes of one cluster must have the same, and clusters of different folders never meet.
    private const string ClusterId = "Q2hlY2tvdXRMb2NhbEthZg";

    // Addresses, folders and who may come in are not in what is formatted.
    private static readonly string[] NotFormatted =
        ["controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"];

    private static bool IsFormatted(string property) => !NotFormatted.Contains(property)
        && !property.StartsWith("ssl.", StringComparison.Ordinal)
        && !property.Contains("sasl.", StringComparison.Ordinal);

    // A node whose parent was killed is stopped by its watcher, which takes a second or two; it holds the folder until
    // then.
    private const string PredecessorsLock = "Failed to acquire lock on file";
    private static readonly TimeSpan PredecessorPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MetadataTimeout = TimeSpan.FromSeconds(2);

    private readonly KafkaSettings _settings;
    private readonly string _home;
    private readonly string _version;
    private readonly KafkaClasses _classes;
    private ChildProcess _process = null!;

    private KafkaServer(KafkaSettings settings, string home)
    {
        _settings = settings;
        _home = home;
        Port = settings.Port ?? Ports.Free();
        _version = KafkaHome.Version(home);
        _classes = new(home, _version, settings.LeavesClasses);
    }

    public int Port { get; }

    public string DataDirectory => _settings.DataDirectory;

    public string LogFile => LogOf(_settings);

    public int Pid => _process.Pid;

    public Task<int> Exited => _process.Exited;

    public override IReadOnlyDictionary<string, string> Administrator =>
        _settings.Security?.Administrator() ?? base.Administrator;

    public override string Bootstrap => $"127.0.0.1:{Port}";

    public override string Name => $"Apache Kafka {_version} at {Bootstrap}";

    /// <summary>Formats the folder if it is new, starts the node, and returns when it answers.</summary>
    public static async Task<KafkaServer> StartAsync(KafkaSettings settings, CancellationToken cancel = default)
    {
        var home = settings.Home ?? KafkaHome.Find()
            ?? throw new ServerMissingException("No Kafka was found: unpack a release from kafka.apache.org and set "
                + $"{KafkaHome.Variable} to its folder.");
        KafkaHome.RequireJava();
        var server = new KafkaServer(settings with { DataDirectory = Path.GetFullPath(settings.DataDirectory) }, home);
        await server.StartAgainAsync(cancel);
        return server;
    }

    /// <summary>
    /// Starts it on its port, after it was stopped or has died, with what its folder holds; returns when it answers.
    /// </summary>
    public async Task StartAgainAsync(CancellationToken cancel = default)
    {
        Directory.CreateDirectory(_settings.DataDirectory);
        var properties = WriteProperties(_settings, Port);
        if (!IsFormatted(_settings))
            await PreparedFolder.FillAsync(LogDirectory(_settings), await PreparedAsync(properties, cancel),
                () => FormatAsync(_home, _settings, properties, cancel), cancel);
        for (var clock = Stopwatch.StartNew(); ;)
        {
            _process = ChildProcess.Start(Command(_home, _settings, properties, _classes.Option));
            if (await AnswersAsync(_settings.StartDeadline, cancel)) return;
            var said = _process.LastLines();
            await _process.DisposeAsync();
            if (said.Contains(PredecessorsLock, StringComparison.Ordinal) && clock.Elapsed < PredecessorPatience)
                continue;
            throw new ServerFailedException($"Kafka did not start on port {Port} with the data folder "
                + $"{DataDirectory}. The end of {LogFile}:\n{said}");
        }
    }

    /// <summary>
    /// Throws away all that a stopped node keeps: the next start makes a new, empty cluster at the same address.
    /// </summary>
    public void LoseData() => Directory.Delete(LogDirectory(_settings), recursive: true);

    /// <summary>A controlled shutdown.</summary>
    public async Task<int> StopAsync()
    {
        var exitCode = await _process.StopAsync();
        _classes.KeepAfter(exitCode);
        return exitCode;
    }

    /// <summary>SIGKILL, as a crash.</summary>
    public Task<int> KillAsync()
    {
        _process.Kill();
        return _process.Exited;
    }

    /// <summary>STOP freezes the node, CONT wakes it.</summary>
    public bool Signal(string name) => _process.Signal(name);

    public override async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _process.DisposeAsync();
    }

    private static string WriteProperties(KafkaSettings settings, int port)
    {
        var controller = settings.ControllerPort ?? Ports.Free();
        var lines = new Dictionary<string, string>
        {
            ["process.roles"] = "broker,controller",
            ["node.id"] = "1",
            // A static list of voters is read anew at every start and not stored with the data, so the ports may
            // change.
            ["controller.quorum.voters"] = $"1@127.0.0.1:{Text(controller)}",
            ["listeners"] = $"PLAINTEXT://127.0.0.1:{Text(port)},CONTROLLER://127.0.0.1:{Text(controller)}",
            ["advertised.listeners"] = $"PLAINTEXT://127.0.0.1:{Text(port)}",
            ["controller.listener.names"] = "CONTROLLER",
            ["listener.security.protocol.map"] = "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            ["log.dirs"] = LogDirectory(settings),
            ["log.retention.ms"] = "-1",
            ["auto.create.topics.enable"] = "false",
            ["offsets.topic.replication.factor"] = "1",
            ["offsets.topic.num.partitions"] = "4",
            ["transaction.state.log.replication.factor"] = "1",
            ["transaction.state.log.num.partitions"] = "4",
            ["transaction.state.log.min.isr"] = "1",
            ["share.coordinator.state.topic.replication.factor"] = "1",
            ["share.coordinator.state.topic.num.partitions"] = "4",
            ["share.coordinator.state.topic.min.isr"] = "1",
            // A killed node may come back only when its former session has ended; with the default of 9 s the next
            // start took 15 s (seen, 4.3.1).
            ["broker.session.timeout.ms"] = "6000",
            ["broker.heartbeat.interval.ms"] = "1000",
            ["group.initial.rebalance.delay.ms"] = "0",
        };
        var secured = settings.Security?.Properties(settings.DataDirectory, port, controller) ?? [];
        foreach (var (name, value) in secured.Concat(settings.More)) lines[name] = value;
        var file = Path.Combine(settings.DataDirectory, "server.properties");
        SecretFile.Write(file, string.Join('\n', lines.Select(line => $"{line.Key}={line.Value}")) + "\n");
        return file;
    }

    private async Task<string?> PreparedAsync(string properties, CancellationToken cancel)
    {
        var lines = await File.ReadAllLinesAsync(properties, cancel);
        var formatted = lines.Where(line => IsFormatted(line.Split('=')[0]));
        return PreparedFolder.PathFor("kafka", [_home, _version, ClusterId, .. formatted]);
    }

    private static Task FormatAsync(string home, KafkaSettings settings, string properties, CancellationToken cancel) =>
        Programs.RunAsync(
        new()
        {
            Program = Script(home, "kafka-storage.sh"),
            Arguments = ["format", "--cluster-id", ClusterId, "--config", properties, "--ignore-formatted"],
            Environment = EnvironmentOf(settings),
        },
        $"Formatting the data folder {settings.DataDirectory}", cancel);

    private static ChildSettings Command(string home, KafkaSettings settings, string properties,
        string? option) => new()
        {
            Program = Script(home, "kafka-server-start.sh"),
            Arguments = [properties],
            Environment = new Dictionary<string, string?>(EnvironmentOf(settings))
            {
                ["KAFKA_OPTS"] = $"{Environment.GetEnvironmentVariable("KAFKA_OPTS")} {option}".Trim(),
            },
            LogFile = LogOf(settings),
            Grace = settings.StopGrace,
        };

    /// <summary>
    /// The released scripts write their own logs to LOG_DIR, by default a folder of the release, which may not be ours
    /// to write to.
    /// </summary>
    private static Dictionary<string, string?> EnvironmentOf(KafkaSettings settings) => new()
    {
        ["KAFKA_HEAP_OPTS"] = $"-Xmx{Text(settings.HeapMiB)}m",
        ["LOG_DIR"] = Path.Combine(settings.DataDirectory, "logs"),
    };

    private static bool IsFormatted(KafkaSettings settings) =>
        File.Exists(Path.Combine(LogDirectory(settings), "meta.properties"));

    private static string LogDirectory(KafkaSettings settings) => Path.Combine(settings.DataDirectory, "data");

    private static string LogOf(KafkaSettings settings) => Path.Combine(settings.DataDirectory, "server.log");

    private static string Script(string home, string name) => Path.Combine(home, "bin", name);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<bool> AnswersAsync(TimeSpan deadline, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < deadline && !_process.HasExited)
        {
            // The node opens its port last; librdkafka would wait longer and longer between its attempts to connect.
            if (await TakesConnectionsAsync(cancel) && await Task.Run(HasItselfInMetadata, cancel)) return true;
            await Task.Delay(PollInterval, cancel);
        }
        return false;
    }

    private async Task<bool> TakesConnectionsAsync(CancellationToken cancel)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, Port, cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private bool HasItselfInMetadata()
    {
        using var admin = Admin();
        try
        {
            return admin.GetMetadata(MetadataTimeout).Brokers.Exists(broker => broker.Port == Port);
        }
        catch (KafkaException)
        {
            return false;
        }
    }
}
