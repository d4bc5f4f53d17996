using Avro;
using Avro.Generic;
using Avro.IO;
using Checkout.Chassis.WireFormat;
using Dapper;
using Npgsql;

namespace Checkout.Local.Events;

/// <summary>
/// The three event stores, read without anything of the services: each keeps the schemas of its own events.
/// </summary>
/// <param name="database">The connection string of a store's database.</param>
public sealed class Stores(Func<string, string> database)
{
    public static readonly IReadOnlyList<string> Names = ["store", "balance", "inventory"];

    private const string Events =
        """
        SELECT (SELECT topic FROM head) AS Topic, e.position AS Position, e.previous AS Previous,
               e.partition AS Partition,
               e.event_id AS Id, e.key AS Key, e.type AS Type, e.occurred_at AS At, e.causation_id AS Cause,
               split_part(e.traceparent, '-', 2) AS TraceId, e.payload AS Payload, s.schema AS Schema
        FROM events e LEFT JOIN schemas s ON s.fingerprint = substring(e.payload FROM 3 FOR 8)
        """;

    private const string OfACheckout = "WHERE e.correlation_id = @of";

    /// <summary>No index has it: a look at all events, good enough for one machine.</summary>
    private const string OfATrace = "WHERE split_part(e.traceparent, '-', 2) = @of";

    /// <summary>Empty where no store knows the checkout.</summary>
    public Task<IReadOnlyList<StoredEvent>> OfCheckoutAsync(Guid checkout, CancellationToken stop) =>
        ReadAsync(OfACheckout, checkout.ToString(), stop);

    /// <summary>Empty where no store has an event with this trace.</summary>
    public Task<IReadOnlyList<StoredEvent>> OfTraceAsync(string traceId, CancellationToken stop) =>
        ReadAsync(OfATrace, traceId, stop);

    private async Task<IReadOnlyList<StoredEvent>> ReadAsync(string which, string of, CancellationToken stop)
    {
        var read = await Task.WhenAll(Names.Select(name => ReadAsync(name, which, of, stop)));
        return StoredEvent.InOrder(read.SelectMany(events => events));
    }

    private async Task<IEnumerable<StoredEvent>> ReadAsync(string name, string which, string of,
        CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(database(name));
        var rows = await connection.QueryAsync<Row>(
            new CommandDefinition($"{Events}\n{which}", new { of }, cancellationToken: stop));
        return rows.Select(row => row.ToEvent(name)).ToList();
    }

    private sealed record Row
    {
        public string Topic { get; init; } = "";
        public long Position { get; init; }
        public long Previous { get; init; }
        public int Partition { get; init; }
        public Guid Id { get; init; }
        public string Key { get; init; } = "";
        public string Type { get; init; } = "";
        public DateTime At { get; init; }
        public Guid? Cause { get; init; }
        public string? TraceId { get; init; }
        public byte[] Payload { get; init; } = [];
        public string? Schema { get; init; }

        public StoredEvent ToEvent(string store) => new()
        {
            Store = store,
            Topic = Topic,
            Position = Position,
            Previous = Previous,
            Partition = Partition,
            Id = Id,
            Key = Key,
            Type = Type,
            At = At,
            Cause = Cause,
            TraceId = TraceId,
            Fields = Decoded(),
        };

        private static object? Plain(object? value) => value is GenericEnum symbol ? symbol.Value : value;

        /// <summary>
        /// A schema that the store lost is said in the field's place: the other events are worth seeing all the same.
        /// </summary>
        private List<(string Name, object? Value)> Decoded()
        {
            if (Schema is null) return [("schema", "missing in this store")];
            var schema = (RecordSchema)Avro.Schema.Parse(Schema);
            using var body = new MemoryStream(
                Payload, SingleObject.HeaderBytes, Payload.Length - SingleObject.HeaderBytes);
            var record = new GenericDatumReader<GenericRecord>(schema, schema).Read(null!, new BinaryDecoder(body));
            return schema.Fields.Select(field => (field.Name, Plain(record.GetValue(field.Pos)))).ToList();
        }
    }
}
