using System.Globalization;
using System.Text;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Refilling;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Checkout.Chassis.Tests.Running;

/// <summary>
/// A world's own topic, filled from its store as LogTailer would; and its database, which can be lost and brought back.
/// </summary>
public sealed class LostStore(World world)
{
    private static readonly string[] Tables = ["events", "tallies", "tips", "handled", "parked"];

    public string Topic => world.Table.Topic;

    private KafkaOptions Kafka => new()
    {
        BootstrapServers = world.Stage.Broker.Bootstrap,
        InMemory = world.Stage.Broker.IsInMemory,
    };

    public OwnTopic Own => new(Kafka, world.Service, Topic);

    /// <summary>That of the instance's own process.</summary>
    public StoreWatch Watch(Instance instance) => new(instance.Database, instance.Ready, Own, world.Store,
        instance.Hold, world.Service, TimeProvider.System, NullLogger<StoreWatch>.Instance);

    public static async Task<LostStore> NewAsync(World world)
    {
        await world.Stage.Broker.CreateTopicAsync(world.Table.Topic, World.Partitions);
        return new(world);
    }

    /// <summary>What is in the store and of these positions, in order.</summary>
    public async Task PublishAsync(Func<long, int, bool>? which = null)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        var rows = (await connection.QueryAsync<Row>(
            """
            SELECT position AS "Position", previous AS "Previous", partition AS "Partition", event_id AS "EventId",
                   key AS "Key", type AS "Type", occurred_at AS "OccurredAt", causation_id AS "CausationId",
                   traceparent AS "TraceParent", payload AS "Payload"
            FROM events ORDER BY position
            """)).Where(row => which?.Invoke(row.Position, row.Partition) ?? true).ToList();
        foreach (var row in rows) await SendAsync(row);
    }

    public async Task LoseAsync()
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        await connection.ExecuteAsync($"TRUNCATE {string.Join(", ", Tables)}; "
            + "UPDATE head SET position = 0, last = array_fill(0::bigint, ARRAY[partitions])");
    }

    /// <summary>Somebody makes the database anew: nothing is in it.</summary>
    public async Task EmptyAsync()
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        await connection.ExecuteAsync("DROP PUBLICATION events; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    }

    public async Task BackUpAsync()
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        await connection.ExecuteAsync("CREATE SCHEMA backup; "
            + string.Join("; ", Tables.Append("head").Select(t => $"CREATE TABLE backup.{t} AS TABLE public.{t}")));
    }

    public async Task RestoreAsync()
    {
        await LoseAsync();
        await using var connection = await world.Database.OpenConnectionAsync();
        await connection.ExecuteAsync(string.Join("; ", Tables.Where(t => t != "parked")
            .Select(t => $"INSERT INTO public.{t} TABLE backup.{t}"))
            + "; UPDATE head SET position = b.position, last = b.last FROM backup.head b");
    }

    public async Task<(int Code, string Said)> RefillAsync(Instance instance)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var refill = new Refill<TallyRows>(world.Table, world.Store, world.ConnectionString, instance.Ready, Own,
            world.Stage.NewSchemaRegistry(), new(world.Table, world.ConnectionString));
        return (await refill.RunAsync(new("test", "it was lost"), workers: 2, output, CancellationToken.None),
            output.ToString());
    }

    public async Task<T> AskAsync<T>(string sql)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql))!;
    }

    /// <summary>The positions that its service says were lost for good.</summary>
    public async Task<IReadOnlyList<LostProgress>> ProgressAsync()
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return (await ServiceProgress<TallyRows>.ReadAsync(connection, world.Table, world.Store, null, null,
            CancellationToken.None)).Lost!;
    }

    /// <summary>All that the store is, as text.</summary>
    public async Task<string> AllAsync()
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        var lines = new List<string>();
        foreach (var table in new[] { "head", "events", "tallies" })
            lines.AddRange(await connection.QueryAsync<string>($"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1"));
        return string.Join('\n', lines);
    }

    private async Task SendAsync(Row row)
    {
        var schema = row.Type.EndsWith(nameof(Counted), StringComparison.Ordinal) ? Counted.Written : Answered.Written;
        var id = await world.Stage.Registry.IdOfAsync($"{Topic}-{row.Type}", schema.ToString(), CancellationToken.None);
        var headers = new Headers();
        Add(EventHeaders.Id, row.EventId.ToString());
        Add(EventHeaders.Type, row.Type);
        Add(EventHeaders.Source, world.Store.Source);
        Add(EventHeaders.Time, row.OccurredAt.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ",
            CultureInfo.InvariantCulture));
        Add(EventHeaders.Sequence, row.Position.ToString(CultureInfo.InvariantCulture));
        Add(EventHeaders.Previous, row.Previous.ToString(CultureInfo.InvariantCulture));
        if (row.CausationId is { } cause) Add(EventHeaders.Causation, cause.ToString());
        if (row.TraceParent is { } trace) Add(EventHeaders.TraceParent, trace);
        await world.Stage.Producer.ProduceAsync(new TopicPartition(Topic, row.Partition), new()
        {
            Key = Encoding.UTF8.GetBytes(row.Key),
            Value = ConfluentFrame.FromSingleObject(row.Payload, id),
            Headers = headers,
        });

        void Add(string name, string value) => headers.Add(name, Encoding.UTF8.GetBytes(value));
    }

    private sealed record Row(long Position, long Previous, int Partition, Guid EventId, string Key, string Type,
        DateTime OccurredAt, Guid? CausationId, string? TraceParent, byte[] Payload);
}
