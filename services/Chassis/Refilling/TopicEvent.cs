using System.Globalization;
using System.Text;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;

namespace Checkout.Chassis.Refilling;

/// <summary>An event of a store as a record of its topic tells of it: all that LogTailer read in the store.</summary>
/// <param name="OccurredAt">UTC.</param>
/// <param name="SchemaId">The registry's name of the schema that the body is written with.</param>
public sealed record TopicEvent(
    int Partition, long Offset, long Position, long Previous, Guid EventId, string Source, string Key, string Type,
    DateTime OccurredAt, string? CorrelationId, Guid? CausationId, string? TraceParent, string? TraceState,
    int SchemaId, ReadOnlyMemory<byte> Body)
{
    /// <summary>Null for a record that LogTailer did not write.</summary>
    public static TopicEvent? From(ConsumeResult<byte[]?, byte[]?> record)
    {
        var headers = new Dictionary<string, string>();
        foreach (var header in record.Message.Headers ?? [])
            headers[header.Key] = Encoding.UTF8.GetString(header.GetValueBytes() ?? []);
        return Number(headers, EventHeaders.Sequence) is { } position
            && Number(headers, EventHeaders.Previous) is { } previous
            && Guid.TryParse(headers.GetValueOrDefault(EventHeaders.Id), out var id)
            && headers.GetValueOrDefault(EventHeaders.Type) is { } type
            && DateTime.TryParse(headers.GetValueOrDefault(EventHeaders.Time), CultureInfo.InvariantCulture,
                DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var time)
            && ConfluentFrame.TryReadSchemaId(record.Message.Value, out var schemaId)
            ? new(record.Partition.Value, record.Offset.Value, position, previous, id,
                headers.GetValueOrDefault(EventHeaders.Source) ?? "",
                Encoding.UTF8.GetString(record.Message.Key ?? []), type, time,
                headers.GetValueOrDefault(EventHeaders.Correlation),
                Guid.TryParse(headers.GetValueOrDefault(EventHeaders.Causation), out var cause) ? cause : null,
                headers.GetValueOrDefault(EventHeaders.TraceParent), headers.GetValueOrDefault(EventHeaders.TraceState),
                schemaId, record.Message.Value.AsMemory(ConfluentFrame.HeaderBytes))
            : null;
    }

    private static long? Number(Dictionary<string, string> headers, string name) =>
        headers.TryGetValue(name, out var text)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
