using System.Reflection;
using System.Text;
using Checkout.Chassis.WireFormat;
using Checkout.Servers;
using Npgsql;

namespace Checkout.LogTailer.Tests;

/// <summary>An event to append; what is not given is made up.</summary>
public sealed record Sample(string Key, string Type = "test.Happened", string Body = "body")
{
    public Guid EventId { get; init; } = Guid.NewGuid();
    public string? CorrelationId { get; init; }
    public Guid? CausationId { get; init; }
    public string? TraceParent { get; init; }
    public string? TraceState { get; init; }
    public DateTime? OccurredAt { get; init; }
    public byte[] Fingerprint { get; init; } = SampleStore.Fingerprint;
}

/// <summary>A database with the event store's own tables and functions, and no service on top.</summary>
public sealed class SampleStore : IAsyncDisposable
{
    public const int Partitions = 4;
    public static readonly byte[] Fingerprint = [1, 2, 3, 4, 5, 6, 7, 8];
    public const string Schema = """{"type":"record","name":"Happened","namespace":"test","fields":[]}""";
    private const string Migrations = "Checkout.Chassis.EventStore.Migrations.";

    private SampleStore(string connectionString, string topic)
    {
        (ConnectionString, Topic) = (connectionString, topic);
        Source = NpgsqlDataSource.Create(connectionString);
    }

    public string ConnectionString { get; }
    public string Topic { get; }
    public NpgsqlDataSource Source { get; }
    public string Slot => StoreOptions.SlotNameOf(ConnectionString);

    public static async Task<SampleStore> CreateAsync(PostgresServer server, bool migrate = true,
        int partitions = Partitions, bool isOfBefore = false)
    {
        var name = "t" + Guid.NewGuid().ToString("N")[..12];
        var store = new SampleStore(await server.CreateDatabaseAsync(name), name);
        if (migrate) await store.MigrateAsync(partitions, isOfBefore);
        return store;
    }

    /// <summary>With its topic on a broker that can't be asked to make one.</summary>
    /// <param name="isOfBefore">As the first version of a service made it.</param>
    public static async Task<SampleStore> CreateAsync(PostgresServer server, Broker broker,
        int partitions = Partitions, bool isOfBefore = false)
    {
        var store = await CreateAsync(server, partitions: partitions, isOfBefore: isOfBefore);
        if (broker.IsInMemory) await broker.CreateTopicAsync(store.Topic, partitions);
        return store;
    }

    public static string MigrationSql(bool isOfBefore = false)
    {
        var chassis = Assembly.Load("Checkout.Chassis");
        return string.Join('\n', chassis.GetManifestResourceNames()
            .Where(name => name.StartsWith(isOfBefore ? $"{Migrations}0001" : Migrations, StringComparison.Ordinal))
            .Order().Select(name =>
            {
                using var reader = new StreamReader(chassis.GetManifestResourceStream(name)!);
                return reader.ReadToEnd();
            }));
    }

    public async Task MigrateAsync(int partitions = Partitions, bool isOfBefore = false)
    {
        await SqlAsync(MigrationSql(isOfBefore));
        await SqlAsync($"INSERT INTO head (topic, source, partitions, last) VALUES ('{Topic}', '/{Topic}/0', "
            + $"{partitions}, array_fill(0::bigint, ARRAY[{partitions}]))");
        await SqlAsync($"INSERT INTO schemas VALUES (decode('{Convert.ToHexString(Fingerprint)}', 'hex'), "
            + $"'test.Happened', '{Schema}')");
    }

    public async Task SqlAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task AppendAsync(params Sample[] events)
    {
        await using var connection = await Source.OpenConnectionAsync();
        await AppendAsync(connection, events);
    }

    /// <summary>One statement, one transaction unless the connection has one open.</summary>
    public static async Task AppendAsync(NpgsqlConnection connection, IReadOnlyCollection<Sample> events)
    {
        await using var command = new NpgsqlCommand("SELECT append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            connection);
        command.Parameters.Add(new() { Value = events.Select(e => e.EventId).ToArray() });
        command.Parameters.Add(new() { Value = events.Select(e => e.Key).ToArray() });
        command.Parameters.Add(new() { Value = events.Select(e => Murmur2.Hash(e.Key)).ToArray() });
        command.Parameters.Add(new() { Value = events.Select(e => e.Type).ToArray() });
        command.Parameters.Add(new() { Value = events.Select(e => e.OccurredAt ?? DateTime.UtcNow).ToArray() });
        command.Parameters.Add(new() { Value = events.Select(e => e.CorrelationId).ToArray() });
        command.Parameters.Add(new() { Value = events.Select(e => e.CausationId).ToArray() });
        command.Parameters.Add(new() { Value = events.Select(e => e.TraceParent).ToArray() });
        command.Parameters.Add(new() { Value = events.Select(e => e.TraceState).ToArray() });
        command.Parameters.Add(
            new()
            {
                Value = events.Select(e => SingleObject.Frame(e.Fingerprint, Encoding.UTF8.GetBytes(e.Body)))
                .ToArray()
            });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The chain as the store has it, partition by partition.</summary>
    public async Task<List<(long Position, Guid EventId)>[]> ChainsAsync(int partitions = Partitions)
    {
        var chains = Enumerable.Range(0, partitions).Select(_ => new List<(long, Guid)>()).ToArray();
        await using var command =
            Source.CreateCommand("SELECT partition, position, event_id FROM events ORDER BY position");
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync()) chains[row.GetInt32(0)].Add((row.GetInt64(1), row.GetGuid(2)));
        return chains;
    }

    public Task<string> ConfirmedAsync() =>
        ScalarAsync<string>($"SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = '{Slot}'");

    public Task<bool> SlotIsActiveAsync() =>
        ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{Slot}' AND active)");

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
