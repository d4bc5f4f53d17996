using Npgsql.Replication.PgOutput.Messages;

namespace Checkout.LogTailer;

public enum EventColumn
{
    Other, Position, Previous, Partition, EventId, Key, Type, OccurredAt, CorrelationId,
    CausationId, TraceParent, TraceState, Payload
}

/// <summary>
/// The columns of table events in the order the stream sends them: columns added by later migrations are passed over.
/// </summary>
public static class EventColumns
{
    private const EventColumn LastColumn = EventColumn.Payload;

    public static EventColumn[] Of(RelationMessage relation)
    {
        var columns = relation.Columns.Select(c => Of(c.ColumnName)).ToArray();
        for (var wanted = EventColumn.Position; wanted <= LastColumn; wanted++)
            if (!columns.Contains(wanted))
                throw new PublicationStoppedException($"The publication {StoreDatabase.Publication} of "
                    + $"{relation.Namespace}.{relation.RelationName} has no column {wanted}: it must publish the "
                    + "whole table events.");
        return columns;
    }

    private static EventColumn Of(string name) => name switch
    {
        "position" => EventColumn.Position,
        "previous" => EventColumn.Previous,
        "partition" => EventColumn.Partition,
        "event_id" => EventColumn.EventId,
        "key" => EventColumn.Key,
        "type" => EventColumn.Type,
        "occurred_at" => EventColumn.OccurredAt,
        "correlation_id" => EventColumn.CorrelationId,
        "causation_id" => EventColumn.CausationId,
        "traceparent" => EventColumn.TraceParent,
        "tracestate" => EventColumn.TraceState,
        "payload" => EventColumn.Payload,
        _ => EventColumn.Other,
    };
}
