using Npgsql.Replication.PgOutput;
using Npgsql.Replication.PgOutput.Messages;

namespace Checkout.LogTailer.Source;

/// <summary>
/// Rows of table events as the stream sends them. Each relation has a column map of its own: columns that later
/// migrations added are passed over, and so are other tables that somebody added to the publication.
/// </summary>
/// <param name="schema">The schema of the database that the store's tables are in.</param>
public sealed class EventRows(string schema)
{
    private const string Table = "events";

    private readonly Dictionary<uint, Column[]> _columns = [];

    private enum Column
    {
        Other, Position, Previous, Partition, EventId, Key, Type, OccurredAt, CorrelationId, CausationId, TraceParent,
        TraceState, Payload
    }

    /// <summary>The stream describes a relation before its first row, and again when it changed.</summary>
    /// <exception cref="PublicationStoppedException">Table events comes without a column that it takes.</exception>
    public void Describe(RelationMessage relation)
    {
        if (relation.RelationName != Table || relation.Namespace != schema) return;
        var columns = relation.Columns.Select(c => Of(c.ColumnName)).ToArray();
        for (var wanted = Column.Position; wanted <= Column.Payload; wanted++)
            if (!columns.Contains(wanted))
                throw new PublicationStoppedException(
                    $"The publication {StoreDatabase.Publication} of {schema}.{Table} has no column {wanted}: it must "
                        + $"publish the whole table. Run ALTER PUBLICATION {StoreDatabase.Publication} SET TABLE "
                        + $"{Table}.");
        _columns[relation.RelationId] = columns;
    }

    /// <summary>
    /// Null for a row of another table, and for an event at or before what is on the topic: of those only the first
    /// columns are read.
    /// </summary>
    /// <param name="lastOf">The position of the last event sent to a partition.</param>
    public async ValueTask<StoredEvent?> ReadAsync(InsertMessage insert, Func<int, long> lastOf, CancellationToken stop)
    {
        if (!_columns.TryGetValue(insert.Relation.RelationId, out var columns)) return null;
        long position = 0, previous = 0;
        int partition = -1, column = 0;
        Guid eventId = default;
        string key = "", type = "";
        DateTime occurredAt = default;
        string? correlationId = null, traceParent = null, traceState = null;
        Guid? causationId = null;
        byte[] payload = [];
        await foreach (var value in insert.NewRow)
        {
            switch (columns[column++])
            {
                case Column.Position: position = await value.Get<long>(stop); break;
                case Column.Previous: previous = await value.Get<long>(stop); break;
                case Column.Partition:
                    partition = await value.Get<int>(stop);
                    if (position != 0 && position <= lastOf(partition)) return null;
                    break;
                case Column.EventId: eventId = await value.Get<Guid>(stop); break;
                case Column.Key: key = await value.Get<string>(stop); break;
                case Column.Type: type = await value.Get<string>(stop); break;
                case Column.OccurredAt: occurredAt = await value.Get<DateTime>(stop); break;
                case Column.CorrelationId: correlationId = await TextAsync(value, stop); break;
                case Column.CausationId: if (!value.IsDBNull) causationId = await value.Get<Guid>(stop); break;
                case Column.TraceParent: traceParent = await TextAsync(value, stop); break;
                case Column.TraceState: traceState = await TextAsync(value, stop); break;
                case Column.Payload: payload = await value.Get<byte[]>(stop); break;
            }
        }
        return new(position, previous, partition, eventId, key, type, occurredAt, correlationId, causationId,
            traceParent, traceState, payload);
    }

    private static async ValueTask<string?> TextAsync(ReplicationValue value, CancellationToken stop) =>
        value.IsDBNull ? null : await value.Get<string>(stop);

    private static Column Of(string name) => name switch
    {
        "position" => Column.Position,
        "previous" => Column.Previous,
        "partition" => Column.Partition,
        "event_id" => Column.EventId,
        "key" => Column.Key,
        "type" => Column.Type,
        "occurred_at" => Column.OccurredAt,
        "correlation_id" => Column.CorrelationId,
        "causation_id" => Column.CausationId,
        "traceparent" => Column.TraceParent,
        "tracestate" => Column.TraceState,
        "payload" => Column.Payload,
        _ => Column.Other,
    };
}
