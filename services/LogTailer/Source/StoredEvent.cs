namespace Checkout.LogTailer.Source;

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

/// <summary>
/// The store's head row: where its events go, and the end of its chain on every partition. And the schema of the
/// database that its tables are in.
/// </summary>
public sealed record Head(string Topic, string Source, int Partitions, long Position, long[] Last, string Schema);

/// <summary>The store's events of a range of positions, in order, as many as fit.</summary>
/// <param name="Through">The page holds all that the range has up to this position.</param>
public sealed record StorePage(IReadOnlyList<StoredEvent> Events, long Through)
{
    public static readonly StorePage Empty = new([], 0);
}

/// <summary>What an event is known by, wherever a copy of it lies.</summary>
/// <param name="BodyHash">SHA-256 of the Avro body, without the header that says how it is framed.</param>
public sealed record EventFingerprint(Guid EventId, int Partition, string Type, string BodyHash);
