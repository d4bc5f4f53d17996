using Checkout.Chassis.Identity;
using Checkout.Contracts;
using Checkout.Local.Secured;
using Checkout.Local.Traces;
using Checkout.Registry;
using Checkout.Servers;

namespace Checkout.Local;

/// <summary>
/// The whole system on this machine: servers, services and tailers as processes of their own, which can't outlive us.
/// </summary>
public sealed class LocalSystem : IAsyncDisposable
{
    private const int Partitions = 12;
    private static readonly string[] Topics4 =
        [Topics.StoreCheckouts, Topics.BalanceAccounts, Topics.InventoryAvatars, Topics.GameRewards];
    private static readonly (string Database, string Project, Listener Listener)[] Services =
    [
        ("store", "Store", Listener.Store),
        ("balance", "Balance", Listener.Balance),
        ("inventory", "Inventory", Listener.Inventory),
    ];
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan ServiceGrace = TimeSpan.FromSeconds(10);

    private readonly LocalOptions _options;
    private readonly Action<string> _say;
    private readonly LocalPorts _ports;
    private readonly Stack<IAsyncDisposable> _running = new();
    private readonly List<Supervised> _processes = [];
    private Credentials? _credentials;
    private Tracing _tracing = null!;

    private LocalSystem(LocalOptions options, Action<string> say) =>
        (_options, _say, _ports) = (options, say, new(options.StorePort, say));

    public PostgresServer Postgres { get; private set; } = null!;
    public Broker Broker { get; private set; } = null!;
    public string SchemaRegistry { get; private set; } = null!;
    public IReadOnlyList<Supervised> Processes => _processes;
    public RunningSystem Addresses { get; private set; } = null!;
    public bool IsOwnBroker { get; private set; }

    /// <summary>Signs tokens that these services take.</summary>
    public DevelopmentTokens Tokens { get; private set; } = null!;

    public Supervised this[string process] => _processes.Single(p => p.Name == process);

    /// <summary>Returns when everything is ready. What was started is stopped again where something can't be.</summary>
    public static async Task<LocalSystem> StartAsync(
        LocalOptions options, Action<string> say, CancellationToken cancellation)
    {
        if (options.Problems().ToList() is { Count: > 0 } problems)
            throw new ServerFailedException(string.Join('\n', problems));
        var system = new LocalSystem(options, say);
        try
        {
            await system.StartAsync(cancellation);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether there is anything to read in this folder.</summary>
    public static bool HasRunIn(LocalOptions options) => Directory.Exists(Logs(options));

    /// <summary>Signs tokens that the services of this folder take, whether they run or not.</summary>
    public static DevelopmentTokens TokensIn(LocalOptions options) =>
        DevelopmentTokens.In(Path.Combine(options.Folder, "identity"));

    /// <summary>For looking into the databases of a system that is stopped.</summary>
    public static Task<PostgresServer> StartPostgresAloneAsync(LocalOptions options, CancellationToken cancellation) =>
        PostgresServer.StartAsync(PostgresIn(options, Ports.Free(), Logs(options)), cancellation);

    private async Task StartAsync(CancellationToken cancellation)
    {
        var logs = Directory.CreateDirectory(Logs(_options)).FullName;
        Tokens = TokensIn(_options);
        var kafka = _options.InMemoryBroker || _options.BootstrapServers is not null ? null
            : KafkaHome.FindWithJava(_say);
        _credentials = Credentials.For(_options, kafka, _say);
        await Task.WhenAll(StartPostgresAsync(logs, cancellation), StartBrokerAsync(kafka, cancellation),
            StartRegistryAsync(cancellation), StartTracingAsync(logs, cancellation));
        foreach (var (database, _, _) in Services)
            await Databases.MakeAsync(Postgres, database, _credentials, cancellation);
        if (_options.Observed) await Databases.MakeOwnAsync(Postgres, ObservedSystem.Name, _credentials, cancellation);
        if (_credentials is not null) await KafkaUsers.MakeAsync(Broker, _credentials);
        if (_credentials is not null)
            await Task.WhenAll(Services.Select(service => DemoData.RunAsync(service.Project, ["migrate"],
                OwnerEnvironment(service.Database), cancellation)));

        foreach (var (database, project, listener) in Services) AddService(database, project, listener, logs);
        AddTailers(logs);
        if (_options.Observed)
            Add(ObservedSystem.Name, "Observer", _ports.Take(Listener.Observer), ObserverEnvironment(), logs);
        await Task.WhenAll(_processes.Select(p => p.StartAsync()));
        await EverythingReadyAsync(cancellation);
        if (_options.GiveDemoData) await DemoData.GiveAsync(this, _say, cancellation);

        var control = await ControlApi.StartAsync(this, _ports.Take(Listener.Control));
        _running.Push(control);
        Addresses = new(
            Url("store"), Url("balance"), Url("inventory"), Url("logtailer"),
            Broker.Bootstrap, Broker.IsInMemory, Broker.Name,
            SchemaRegistry, control.Url, control.Token, Postgres.ConnectionString(), Tokens.PrivateKeyFile)
        {
            Access = Access.Of(_credentials),
            Traces = _tracing.Kept,
            Environments = Services.ToDictionary(s => s.Database,
                s => ServiceEnvironment(s.Database, $"{s.Database}-command")),
            Observer = _options.Observed ? Url(ObservedSystem.Name) : null,
        };
        Addresses.Write(_options.Folder);
    }

    /// <summary>Without a password.</summary>
    public string DatabaseFor(string name, string user) => Credentials.Connection(Postgres, name, user);

    public string Url(string process) => this[process].Url;

    /// <summary>The environment of a service, also for its commands.</summary>
    public Dictionary<string, string?> ServiceEnvironment(string database, string instance) => new(
        _options.Environment.Concat(_credentials?.OfService(database) ?? []))
    {
        ["Database__ConnectionString"] = DatabaseFor(database, database),
        ["Kafka__BootstrapServers"] = Broker.Bootstrap,
        ["Kafka__InMemory"] = Broker.IsInMemory.ToString(),
        ["Kafka__InstanceId"] = instance,
        ["Registry__Url"] = SchemaRegistry,
        ["EventStore__Partitions"] = Partitions.ToString(System.Globalization.CultureInfo.InvariantCulture),
        // The key that is made here is taken in no other.
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["Identity__Issuer"] = DevelopmentTokens.Issuer,
        ["Identity__Audience"] = DevelopmentTokens.Audience,
        ["Identity__KeyFile"] = Tokens.KeyFile,
        ["Identity__DevelopmentKeyFile"] = database == "store" ? Tokens.PrivateKeyFile : null,
        // Store's page asks the others, from the browser.
        ["Edge__AllowedOrigins__0"] = UrlOf(Listener.Store),
        ["Storefront__BalanceUrl"] = database == "store" ? UrlOf(Listener.Balance) : null,
        ["Storefront__InventoryUrl"] = database == "store" ? UrlOf(Listener.Inventory) : null,
        ["Edge__AllowedOrigins__1"] = $"http://localhost:{_ports.Take(Listener.Store)}",
    };

    /// <summary>The environment of what only the owner of a service's database may run: migrate and rebuild.</summary>
    public Dictionary<string, string?> OwnerEnvironment(string database)
    {
        var environment = ServiceEnvironment(database, $"{database}-owner");
        foreach (var (name, value) in _credentials?.OfOwner(database, Postgres) ?? []) environment[name] = value;
        return environment;
    }

    /// <summary>The environment of the Observer, also for its commands. It asks all other processes.</summary>
    public Dictionary<string, string?> ObserverEnvironment() => ObservedSystem.Environment(this,
        _options.Environment.Concat(_credentials?.OfObserver() ?? []));

    public async ValueTask DisposeAsync()
    {
        RunningSystem.Remove(_options.Folder);
        // Services and tailers first and together, then what they stand on, the last that was started first.
        await Task.WhenAll(_processes.Select(p => p.StopAsync()));
        while (_running.TryPop(out var server)) await server.DisposeAsync();
    }

    private async Task StartPostgresAsync(string logs, CancellationToken cancellation)
    {
        await PostgresServer.EnsureInstalledAsync(_options.MayInstall, _say, cancellation);
        Postgres = await PostgresServer.StartAsync(
            PostgresIn(_options, _ports.Take(Listener.PostgreSql), logs), cancellation);
        lock (_running) _running.Push(Postgres);
        var note = Postgres.Note is { } said ? $" ({said})" : "";
        _say($"PostgreSQL at 127.0.0.1:{Postgres.Port}, data in {Postgres.DataDirectory}{note}");
    }

    private static string Logs(LocalOptions options) => Path.Combine(options.Folder, "logs");

    private static PostgresSettings PostgresIn(LocalOptions options, int port, string logs) => new()
    {
        DataDirectory = Path.Combine(options.Folder, "postgres"),
        Port = port,
        LogFile = Path.Combine(logs, "postgres.log"),
        Fsync = options.Fsync,
        Security = options.IsSecured ? Credentials.Of(options.Folder).Postgres() : null,
    };

    private async Task StartBrokerAsync(string? kafka, CancellationToken cancellation)
    {
        IsOwnBroker = _options.BootstrapServers is null;
        Broker = _options.BootstrapServers is { } given ? new ExternalBroker(given)
            : kafka is not null ? await KafkaServer.StartAsync(Kafka(kafka), cancellation)
            : InMemoryBroker.Start();
        lock (_running) _running.Push(Broker);
        if (Broker is ExternalBroker external) await external.RequireAsync(cancellation);
        _say(Broker.IsInMemory
            ? $"{Broker.Name}: good for development. It is not for production, load or keeping: " +
              "its topics end with this program (LogTailer publishes them again), and it keeps 5 MiB a partition. " +
              "For a real Kafka set KAFKA_HOME to an unpacked release, or give --bootstrap-servers."
            : Broker.Name);
        foreach (var topic in Topics4.Where(topic => Broker.IsInMemory || topic == Topics.GameRewards))
            await Broker.CreateTopicAsync(topic, Partitions, cancel: cancellation);
    }

    private KafkaSettings Kafka(string home) => new()
    {
        DataDirectory = Path.Combine(_options.Folder, "kafka"),
        Home = home,
        Security = _credentials?.Kafka(),
        Port = _ports.Take(Listener.Kafka),
        ControllerPort = _ports.Take(Listener.KafkaController),
    };

    private async Task StartRegistryAsync(CancellationToken cancellation)
    {
        if (_options.SchemaRegistryUrl is { } given)
        {
            SchemaRegistry = given;
            await GivenRegistry.RequireAsync(given, cancellation);
            return;
        }
        Directory.CreateDirectory(_options.Folder);
        var registry = await DevelopmentRegistry.StartAsync(
            _ports.Take(Listener.Registry), Path.Combine(_options.Folder, "registry.jsonl"),
            _credentials?.Registry());
        lock (_running) _running.Push(registry);
        SchemaRegistry = registry.Url;
        _say($"Development schema registry at {SchemaRegistry}");
    }

    private async Task StartTracingAsync(string logs, CancellationToken cancellation)
    {
        _tracing = await Tracing.StartAsync(_options, _ports, logs, _say, cancellation);
        lock (_running) _running.Push(_tracing);
    }

    private void AddService(string database, string project, Listener listener, string logs)
    {
        for (var i = 1; i <= _options.Instances; i++)
        {
            var name = i == 1 ? database : $"{database}-{i}";
            Add(name, project, PortOf(i, listener), ServiceEnvironment(database, $"{database}-{i}"), logs);
        }
    }

    private void AddTailers(string logs)
    {
        var environment = new Dictionary<string, string?>(
            _options.Environment.Concat(_credentials?.OfTailer() ?? []))
        {
            ["Kafka__BootstrapServers"] = Broker.Bootstrap,
            ["Kafka__InMemory"] = Broker.IsInMemory.ToString(),
            ["Kafka__TopicReplicationFactor"] = "1",
            ["Kafka__MinInSyncReplicas"] = "1",
            ["Registry__Url"] = SchemaRegistry,
            ["Telemetry__CorrelationAttribute"] = "checkout.id",
        };
        for (var s = 0; s < Services.Length; s++)
        {
            environment[$"Stores__{s}__Name"] = Services[s].Database;
            environment[$"Stores__{s}__ConnectionString"] = DatabaseFor(Services[s].Database, "logtailer");
            if (Broker.IsInMemory)
                foreach (var (group, i) in ReadersOf(Services[s].Database).Select((group, i) => (group, i)))
                    environment[$"Stores__{s}__ReadBy__{i}"] = group;
        }
        for (var i = 1; i <= _options.Instances; i++)
            Add(i == 1 ? "logtailer" : $"logtailer-{i}", "LogTailer", PortOf(i, Listener.LogTailer), environment, logs);
    }

    /// <summary>Of the first instance.</summary>
    private string UrlOf(Listener listener) => $"http://127.0.0.1:{_ports.Take(listener)}";

    private int PortOf(int instance, Listener listener) => instance == 1 ? _ports.Take(listener) : Ports.Free();

    private static string[] ReadersOf(string database) => database switch
    {
        "store" => ["balance"],
        "balance" => ["store", "inventory"],
        _ => ["store", "balance"],
    };

    private void Add(string name, string project, int port, Dictionary<string, string?> environment, string logs)
    {
        var url = $"http://127.0.0.1:{port}";
        var dll = Layout.ServiceDll(project);
        var log = Path.Combine(logs, $"{name}.log");
        if (File.Exists(log)) File.Move(log, Path.Combine(logs, $"{name}.previous.log"), overwrite: true);
        _processes.Add(new(name, url, new()
        {
            Program = Layout.Dotnet,
            Arguments = [dll],
            WorkingDirectory = Path.GetDirectoryName(dll),
            Environment = new Dictionary<string, string?>(environment.Concat(_tracing.Environment))
            {
                ["ASPNETCORE_URLS"] = url,
            },
            LogFile = log,
            Grace = ServiceGrace,
        }, _say));
    }

    private async Task EverythingReadyAsync(CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(ReadyDeadline);
        try
        {
            await Task.WhenAll(_processes.Select(p => p.ReadyAsync(deadline.Token)));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ServerFailedException($"After {ReadyDeadline.TotalSeconds:F0} s these are not ready: " +
                string.Join(", ", _processes.Where(p => p.State != ProcessState.Ready)
                    .Select(p => $"{p.Name} (see {p.LogFile})")));
        }
    }
}
