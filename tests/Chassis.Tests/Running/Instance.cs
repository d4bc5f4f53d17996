using System.Diagnostics.Metrics;
using Avro;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Telemetry;
using Checkout.Chassis.Tests.Domain;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Checkout.Chassis.Tests.Running;

public sealed class InstanceSettings
{
    public string? InstanceId { get; set; }

    /// <summary>The way to the broker, where it is not the straight one.</summary>
    public string? Bootstrap { get; set; }
    public SchemaRegistry? Registry { get; set; }
    public ReactorOptions Reactor { get; } = new();
    public bool IsNewerCode { get; set; }

    /// <summary>The code of an older version, which has no row for Confirmed.</summary>
    public bool LacksConfirm { get; set; }
    public bool FollowsOwnTopic { get; set; }
    public Dictionary<string, string> Client { get; } = [];

    /// <summary>By default every instance is a member of the service's group.</summary>
    public string? Group { set => Client["group.id"] = value!; }
}

/// <summary>
/// One instance of a service, made of the real parts as Service does it, with its log lines and meters in reach.
/// </summary>
public sealed class Instance : IAsyncDisposable
{
    private readonly ServiceProvider _meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly LoggerFactory _loggers;
    private readonly ReactorLoop<TallyRows> _loop;
    private readonly World _world;

    internal Instance(World world, InstanceSettings settings)
    {
        _world = world;
        _loggers = new([Lines], new LoggerFilterOptions { MinLevel = LogLevel.Debug });
        var table = world.NewTable(settings.IsNewerCode, settings.LacksConfirm);
        if (settings.FollowsOwnTopic) table.Follows(table.Topic);
        Database = Chassis.EventStore.Database.Open(world.ConnectionString, table.Service);
        Ready = new(Database, new Migrations(Logger<Migrations>()), world.Store, typeof(Instance).Assembly,
            table.ToldEvents.Select(t => t.Schema), Logger<DatabaseReady>())
        { Declared = table.DeclaredTables() };
        var kafka = new KafkaOptions
        {
            BootstrapServers = settings.Bootstrap ?? world.Stage.Broker.Bootstrap,
            InstanceId = settings.InstanceId,
            InMemory = world.Stage.Broker.IsInMemory
        };
        foreach (var (name, value) in settings.Client) kafka.Properties[name] = value;
        Readings = new(Meters);
        var lag = new Lag(TimeProvider.System);
        Telemetry = new ReactorTelemetry(Meters, table.Service, "test.id", State, lag, [.. table.Topics]);
        var decoder = new Decoder<TallyRows>(table, settings.Registry ?? world.Stage.NewSchemaRegistry(),
            settings.Reactor.ClockTolerance);
        Skew = new(settings.Reactor, Meters, TimeProvider.System);
        Transactions = new(table, world.Store, Database, TimeProvider.System, Logger<Transactions<TallyRows>>());
        Pass = new(table, decoder, Transactions, settings.Reactor, Telemetry, Skew, TimeProvider.System,
            Logger<ReactorPass<TallyRows>>());
        Handling = new(table, Pass, Database, State, Hold, TimeProvider.System,
            Logger<Handling<TallyRows>>());
        Edge = new(table, Transactions, Hold, Logger<GroupCommit<TallyRows>>());
        Freeing = new(table, decoder, Transactions, Database);
        Parked = new(table, new(decoder, Database), Freeing, Database);
        Brokers = new(kafka.Admin(), Meters, TimeProvider.System);
        _loop = new(table, decoder, Handling, Ready, Hold, kafka, Brokers, settings.Reactor, State, Telemetry, lag,
            TimeProvider.System, Logger<ReactorLoop<TallyRows>>());
    }

    public LogLines Lines { get; } = new();
    public IMeterFactory Meters => _meters.GetRequiredService<IMeterFactory>();
    public MeterReadings Readings { get; }
    public NpgsqlDataSource Database { get; }
    public DatabaseReady Ready { get; }
    public ReactorState State { get; } = new();
    public StoreHold Hold { get; } = new();
    public BrokerWatch Brokers { get; }
    public ReactorTelemetry Telemetry { get; }
    public ReactorPass<TallyRows> Pass { get; }
    public ClockSkew Skew { get; }
    public Handling<TallyRows> Handling { get; }
    public Transactions<TallyRows> Transactions { get; }
    public GroupCommit<TallyRows> Edge { get; }
    public Freeing<TallyRows> Freeing { get; }
    public ParkedCommands<TallyRows> Parked { get; }

    /// <summary>Numbers the events, and handles them as one batch that Kafka had ready.</summary>
    public async Task<PassResult> HandleAsync(params IEnumerable<TestEvent> batch)
    {
        var records = new List<ChainRecord>();
        foreach (var told in batch) records.Add(await _world.Chain.NumberAsync(told));
        return await HandleAsync(records.ToArray());
    }

    public Task<PassResult> HandleAsync(params ChainRecord[] batch) =>
        Handling.HandleAsync(batch.Select(_world.Chain.Received).ToList(), CancellationToken.None);

    public async Task StartAsync()
    {
        await Brokers.StartAsync(CancellationToken.None);
        await _loop.StartAsync(CancellationToken.None);
    }

    public async Task StopAsync()
    {
        await _loop.StopAsync(CancellationToken.None);
        await Brokers.StopAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Edge.StopAsync(CancellationToken.None);
        await Database.DisposeAsync();
        _loop.Dispose();
        Brokers.Dispose();
        Edge.Dispose();
        Readings.Dispose();
        _loggers.Dispose();
        await _meters.DisposeAsync();
    }

    private Logger<T> Logger<T>() => new(_loggers);
}
