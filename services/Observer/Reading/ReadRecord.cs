using System.Text.Json.Nodes;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.WireFormat;
using Checkout.Observer.Auditing;

namespace Checkout.Observer.Reading;

/// <summary>A record of a topic, decoded.</summary>
/// <param name="Told">Null where it is no event of the topic's owner.</param>
/// <param name="Stranger">Why it is listed as strange; null where it is not.</param>
public sealed record ReadRecord(Incoming Record, string Type, Told? Told, string? Stranger)
{
    private const string NotOfTheOwner = "it has not the headers of an event of the topic's owner";

    /// <summary>By which the record at an offset is known again.</summary>
    public string Mark => Record.Header(EventHeaders.Id) ?? "";

    /// <param name="now">UTC.</param>
    public static async Task<ReadRecord> OfAsync(Decoder<NoRows> decoder, Incoming record, DateTime now,
        CancellationToken cancellation)
    {
        var decoded = await decoder.DecodeAsync(record, cancellation);
        var type = decoded.Type ?? record.Header(EventHeaders.Type) ?? "";
        var fields = decoded.Event is { } e ? EventJson.Of(e) : null;
        var isChained = ObservedEvents.Table.IsChained(record.Topic);
        var eventId = isChained ? record.EventId : IdIn(fields);
        if (decoded.IsForeign || eventId is not { } id || (!isChained && fields is null))
            return new(record, type, null, decoded.Fault ?? NotOfTheOwner);
        var at = record.OccurredAt ?? fields?["occurredAt"]?.GetValue<DateTime>() ?? now;
        return new(record, type, new(record.Topic, record.Partition, record.Position,
            isChained ? record.Previous : null, id,
            Told.NameOf(type), at, fields)
        { ReadAt = now }, decoded.Fault);
    }

    private static Guid? IdIn(JsonObject? fields) =>
        Guid.TryParse((string?)fields?["eventId"], out var id) ? id : null;
}
