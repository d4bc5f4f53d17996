using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.WireFormat;
using Checkout.Fixtures;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Tests.Running;

/// <summary>
/// What the instances of one service share: its database, its consumer group, the topics it hears, and eyes for the
/// test to look at them.
/// </summary>
public sealed class World : IAsyncDisposable
{
    public const int Partitions = 4;

    private readonly List<Instance> _instances = [];

    private World(Stage stage, string connectionString, TestChain chain, string facts)
    {
        (Stage, ConnectionString, Chain, Facts) = (stage, connectionString, chain, facts);
        Service = BrokerFixture.NewName("tally");
        Table = NewTable(isNewerCode: false);
        Store = new(Table.Topic, $"/{Service}/0", Partitions);
        Database = NpgsqlDataSource.Create(connectionString);
    }

    public Stage Stage { get; }
    public string ConnectionString { get; }
    public TestChain Chain { get; }
    /// <summary>The topic of facts without a chain.</summary>
    public string Facts { get; }
    public Choreography<TallyRows> Table { get; }
    public string Service { get; }
    public EventStoreOptions Store { get; }
    /// <summary>The test's own connections, beside those of the instances.</summary>
    public NpgsqlDataSource Database { get; }

    public static async Task<World> NewAsync(Stage stage, int partitions = Partitions, string? connectionString = null)
    {
        var chain = new TestChain(stage, await stage.NewTopicAsync(partitions), partitions);
        return new(stage, connectionString ?? await stage.Postgres.NewDatabaseAsync(), chain,
            await stage.NewTopicAsync(1));
    }

    public Choreography<TallyRows> NewTable(bool isNewerCode, bool lacksConfirm = false) =>
        Tallies.Table(Service, Service + ".told", Chain.Topic, Facts, isNewerCode, lacksConfirm);

    /// <summary>An instance whose database is migrated and whose loop is not started.</summary>
    public async Task<Instance> NewInstanceAsync(Action<InstanceSettings>? set = null)
    {
        var settings = new InstanceSettings();
        set?.Invoke(settings);
        var instance = new Instance(this, settings);
        _instances.Add(instance);
        await instance.Ready.MigrateAsync(CancellationToken.None);
        return instance;
    }

    public async Task<Instance> StartInstanceAsync(Action<InstanceSettings>? set = null)
    {
        var instance = await NewInstanceAsync(set);
        await instance.StartAsync();
        return instance;
    }

    public async Task<IReadOnlyList<StoredEvent>> EventsAsync()
    {
        await using var connection = await Database.OpenConnectionAsync();
        return (await connection.QueryAsync<StoredEvent>(
            """
            SELECT position AS "Position", previous AS "Previous", partition AS "Partition",
                   event_id AS "EventId", key AS "Key",
                   type AS "Type",
                   causation_id AS "CausationId", traceparent AS "TraceParent", payload AS "Payload"
            FROM events ORDER BY position
            """)).AsList();
    }

    /// <summary>What was told of a tally, in order.</summary>
    public async Task<IReadOnlyList<Counted>> CountedAsync(string name) => (await EventsAsync())
        .Where(e => e.Key == name && e.Type.EndsWith(nameof(Counted), StringComparison.Ordinal))
        .Select(e =>
            (Counted)EventCodec.Decode(e.Payload.AsMemory(SingleObject.HeaderBytes), Counted.Written, typeof(Counted)))
                .ToList();

    public async Task<Dictionary<string, long>> TotalsAsync()
    {
        await using var connection = await Database.OpenConnectionAsync();
        return (await connection.QueryAsync<(string, long)>("SELECT name, total FROM tallies")).ToDictionary();
    }

    public async Task<IReadOnlyList<ParkedRow>> ParkedAsync()
    {
        await using var connection = await Database.OpenConnectionAsync();
        return (await connection.QueryAsync<ParkedRow>(
            """SELECT key AS "Key", position AS "Position", reason AS "Reason" FROM parked ORDER BY id""")).AsList();
    }

    public async Task<long> HandledAsync(int partition)
    {
        await using var connection = await Database.OpenConnectionAsync();
        return await connection.QuerySingleOrDefaultAsync<long>(
            "SELECT position FROM handled WHERE topic = @Topic AND partition = @partition",
            new { Chain.Topic, partition });
    }

    public Task UntilTotalAsync(string name, long total) => Eventually.Until(
        async () => (await TotalsAsync()).GetValueOrDefault(name) == total, $"the total of {name} is {total}");

    public Task UntilHandledAsync(ChainRecord record) => Eventually.Until(
        async () => await HandledAsync(record.Partition) == record.Position,
        $"position {record.Position} of partition {record.Partition} is handled");

    public async ValueTask DisposeAsync()
    {
        foreach (var instance in _instances) await instance.DisposeAsync();
        await Database.DisposeAsync();
    }
}

public sealed record StoredEvent(
    long Position, long Previous, int Partition, Guid EventId, string Key, string Type, Guid? CausationId,
    string? TraceParent, byte[] Payload);

public sealed record ParkedRow(string Key, long Position, string Reason);
