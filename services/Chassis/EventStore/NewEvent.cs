using System.Text;

namespace Checkout.Chassis.EventStore;

/// <summary>An event about to be appended.</summary>
public sealed record NewEvent
{
    public required Guid EventId { get; init; }
    public required string Key { get; init; }
    /// <summary>The full name of its Avro record.</summary>
    public required string Type { get; init; }
    /// <summary>UTC, to the microsecond.</summary>
    public required DateTime OccurredAt { get; init; }
    public string? CorrelationId { get; init; }
    public Guid? CausationId { get; init; }
    public string? TraceParent { get; init; }
    public string? TraceState { get; init; }

    /// <summary>Avro in single-object encoding.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>What a record of it takes at most: key (which is a header too), headers and payload.</summary>
    public int RecordBytes =>
        Payload.Length + 2 * Utf8(Key) + Utf8(Type) + Utf8(CorrelationId) + Utf8(TraceParent) + Utf8(TraceState)
            + FixedHeadersBytes;

    /// <summary>
    /// Names of the headers, ids, times, positions and the source, with room to spare; Kafka's own framing of a record
    /// and its batch.
    /// </summary>
    private const int FixedHeadersBytes = 2_048;

    private static int Utf8(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);
}
