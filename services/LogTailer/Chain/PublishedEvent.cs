using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Checkout.Chassis.WireFormat;
using Checkout.LogTailer.Source;
using Confluent.Kafka;

namespace Checkout.LogTailer.Chain;

/// <summary>What is kept of a record that was read from the topic: its place, and what its event is known by.</summary>
public sealed record PublishedEvent(long Offset, long Position, long Previous, EventFingerprint Fingerprint)
{
    /// <summary>Null for a record that is no event of a store.</summary>
    public static PublishedEvent? From(ConsumeResult<byte[], byte[]> record)
    {
        if (!TryPlace(record, out var position, out var previous, out var eventId)) return null;
        var value = record.Message.Value ?? [];
        var body = value.AsSpan(Math.Min(value.Length, ConfluentFrame.HeaderBytes));
        var type = record.Message.Headers.TryGetLastBytes(EventHeaders.Type, out var text)
            ? Encoding.UTF8.GetString(text) : "";
        return new(record.Offset.Value, position, previous, new(eventId, record.Partition.Value, type,
            Convert.ToHexStringLower(SHA256.HashData(body))));
    }

    /// <summary>False for a record that is no event of a store: it has no place on the chain, or no id.</summary>
    public static bool TryPlace(
        ConsumeResult<byte[], byte[]> record, out long position, out long previous, out Guid eventId)
    {
        (position, previous, eventId) = (0, 0, default);
        var headers = record.Message.Headers;
        return TryNumber(headers, EventHeaders.Sequence, out position)
            && TryNumber(headers, EventHeaders.Previous, out previous)
            && headers.TryGetLastBytes(EventHeaders.Id, out var id) && Utf8Parser.TryParse(id, out eventId, out _);
    }

    private static bool TryNumber(Headers headers, string name, out long number)
    {
        number = 0;
        return headers.TryGetLastBytes(name, out var text) && Utf8Parser.TryParse(text, out number, out var read)
            && read == text.Length;
    }
}
