namespace Checkout.LogTailer;

/// <summary>
/// One row of a store's table events. The payload is Avro in single-object encoding; the tailer never looks into it.
/// </summary>
public sealed record StoredEvent(
    long Position,
    long Previous,
    int Partition,
    Guid EventId,
    string Key,
    string Type,
    DateTime OccurredAt,
    string? CorrelationId,
    Guid? CausationId,
    string? TraceParent,
    string? TraceState,
    byte[] Payload);

/// <summary>The store's head row: where its events go, and the end of its chain on every partition.</summary>
public sealed record Head(string Topic, string Source, int Partitions, long Position, long[] Last);
