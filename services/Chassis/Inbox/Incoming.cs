using System.Globalization;
using System.Text;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;

namespace Checkout.Chassis.Inbox;

/// <summary>A record as it came from a topic, read no deeper than its headers.</summary>
/// <param name="Position">Its position in the store it comes from; on a topic without a chain, and on a record without
/// chain headers, its offset.</param>
/// <param name="Key">As text that a column of PostgreSQL can hold: a foreign record's may have a NUL, which is
/// replaced.</param>
/// <param name="Previous">The position before it on its partition; null where the record says none.</param>
public sealed record Incoming(
    string Topic, int Partition, long Offset, long Position, long? Previous, string Key, byte[]? Value,
    IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Every chained record has both chain headers; one without was not written by LogTailer.</summary>
    public bool HasChain => Previous is not null;

    /// <summary>False where the record came without a key: then no other record is of the same.</summary>
    public bool HasKey { get; init; } = true;

    /// <summary>
    /// From when it says that it happened until it came, by this process's clock; null where it was not the newest of
    /// its partition then, and so may have waited.
    /// </summary>
    public TimeSpan? Lateness { get; init; }

    /// <summary>
    /// Between this offset and its own its partition has no other record; null where that is not known.
    /// </summary>
    public long? Since { get; init; }

    /// <summary>The CloudEvents id; null where it has none, or one that is no UUID.</summary>
    public Guid? EventId => Guid.TryParse(Header(EventHeaders.Id), out var id) ? id : null;

    /// <summary>Where the producer says that the event happened (UTC); null where it does not.</summary>
    public DateTime? OccurredAt =>
        DateTime.TryParse(Header(EventHeaders.Time), CultureInfo.InvariantCulture,
            DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    public static Incoming From(ConsumeResult<byte[]?, byte[]?> record)
    {
        // Kafka headers are a multimap: the last one of a name counts.
        var headers = new Dictionary<string, string>();
        foreach (var header in record.Message.Headers ?? [])
            headers[header.Key] = Text(header.Key, header.GetValueBytes());
        var position = Number(headers, EventHeaders.Sequence);
        var previous = Number(headers, EventHeaders.Previous);
        return new(record.Topic, record.Partition.Value, record.Offset.Value, position is not null
            && previous is not null ? position.Value : record.Offset.Value,
            position is null ? null : previous,
            record.Message.Key is { } key ? Encoding.UTF8.GetString(key).Replace('\0', '\uFFFD') : "",
            record.Message.Value, headers)
        { HasKey = record.Message.Key is not null };
    }

    private static string Text(string name, byte[]? value) =>
        name == EventHeaders.ValueSchemaId ? Convert.ToHexString(value ?? []) : Encoding.UTF8.GetString(value ?? []);

    private static long? Number(Dictionary<string, string> headers, string name) =>
        headers.TryGetValue(name, out var text)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
