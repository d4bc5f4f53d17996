using System.Globalization;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.WireFormat;
using Checkout.Fixtures;
using Checkout.Observer.Auditing;
using Checkout.Observer.Reading;
using Checkout.Observer.Tests.Auditing;
using Confluent.Kafka;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Checkout.Observer.Tests.Reading;

/// <summary>An Observer's database, and records of topics as they come to it.</summary>
internal sealed class ObserverStore : IAsyncDisposable
{
    public static readonly Dictionary<TopicPartition, long> Nothing = [];

    private readonly Dictionary<(string Topic, int Partition), long> _ends = [];

    private ObserverStore(string connectionString, NpgsqlDataSource database) =>
        (ConnectionString, Database, Transaction) = (connectionString, database, new(database, Tale.Tolerance));

    public string ConnectionString { get; }

    public NpgsqlDataSource Database { get; }

    public AuditTransaction Transaction { get; }

    public static async Task<ObserverStore> NewAsync(PostgresFixture postgres)
    {
        var connection = await postgres.NewDatabaseAsync("observer");
        var database = Chassis.EventStore.Database.Open(connection, "observer");
        await new Migrations(NullLogger<Migrations>.Instance).RunAsync(database, typeof(AuditTransaction).Assembly,
            CancellationToken.None);
        return new(connection, database);
    }

    /// <summary>At the end of its partition.</summary>
    public ReadRecord Record(Told told)
    {
        var offset = _ends.GetValueOrDefault((told.Topic, told.Partition));
        _ends[(told.Topic, told.Partition)] = offset + 1;
        var headers = new Dictionary<string, string>
        {
            [EventHeaders.Id] = told.EventId.ToString(),
            [EventHeaders.Type] = $"avatarstore.{told.Name}",
            [EventHeaders.Source] = $"/{told.Topic.Split('.')[0]}/0",
            [EventHeaders.Sequence] = told.Position.ToString(CultureInfo.InvariantCulture),
            [EventHeaders.Previous] = $"{told.Previous}",
        };
        if (told.CheckoutId is { } checkout) headers[EventHeaders.Correlation] = $"{checkout}";
        return new(new(told.Topic, told.Partition, offset, told.Position, told.Previous, told.CustomerId ?? "", null,
            headers), $"avatarstore.{told.Name}", told, null);
    }

    public List<ReadRecord> Records(IEnumerable<Told> told) => [.. told.Select(Record)];

    public Task<AuditOutcome> ReadAsync(params IReadOnlyList<ReadRecord> records) =>
        ReadAsync(Nothing, records);

    /// <param name="known">To be read, as the reader believes.</param>
    public Task<AuditOutcome> ReadAsync(IReadOnlyDictionary<TopicPartition, long> known,
        params IReadOnlyList<ReadRecord> records) =>
        Transaction.RunAsync(0, records, new HashSet<string>(), DateTime.UtcNow, known, CancellationToken.None);

    public Task<IReadOnlyList<Finding>> ReachAsync(DateTime at) =>
        new Frontier(Database).ReachAsync(0, at, DateTime.UtcNow, Nothing, CancellationToken.None);

    public Task<AuditOutcome> PassOverAsync(string topic) =>
        Transaction.RunAsync(0, [], new HashSet<string> { topic }, DateTime.UtcNow, Nothing, CancellationToken.None);

    public async Task<List<string>> KindsAsync()
    {
        await using var connection = await Database.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>("SELECT kind FROM violations ORDER BY id")];
    }

    public async Task<T?> AskAsync<T>(string sql)
    {
        await using var connection = await Database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<T>(sql);
    }

    /// <summary>Everything that was derived, as one text.</summary>
    public Task<string?> DerivedAsync() => AskAsync<string>(
        """
        SELECT concat_ws(E'\n',
            (SELECT jsonb_agg(to_jsonb(c) - 'odd_since' ORDER BY checkout_id) FROM checkouts c),
            (SELECT jsonb_agg(a ORDER BY customer_id) FROM accounts a), (SELECT jsonb_agg(s ORDER BY sku) FROM stock s),
            (SELECT jsonb_agg(o ORDER BY what, key) FROM once o),
            (SELECT jsonb_agg(c ORDER BY topic, type) FROM counts c),
            (SELECT jsonb_agg(s ORDER BY state) FROM states s WHERE checkouts <> 0),
            (SELECT jsonb_agg(to_jsonb(s) - 'hole_at' ORDER BY topic) FROM stores s),
            (SELECT jsonb_build_array(credited, deducted, refunded, balances) FROM audit),
            (SELECT count(*) FROM events), (SELECT count(*) FROM violations))
        """);

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
