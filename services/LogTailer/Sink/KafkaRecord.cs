using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Checkout.Chassis.WireFormat;
using Checkout.LogTailer.Source;

namespace Checkout.LogTailer.Sink;

/// <summary>
/// A header's name as librdkafka takes it: UTF-8 with a zero at its end, in memory that stays for the life of the
/// process.
/// </summary>
public sealed class HeaderName(string text)
{
    public string Text => text;
    public nint Utf8 { get; } = Marshal.StringToCoTaskMemUTF8(text);
}

/// <summary>
/// A record of a store as it goes to Kafka: key, value and headers (CloudEvents 1.0 binary mode), one behind the other
/// in memory that stays in place and is used again for the next record. Used by one thread at a time.
/// </summary>
public sealed class KafkaRecord(string source, TimeProvider? clock = null)
{
    public const int MaxHeaders = 13;
    /// <summary>What everything but the texts below comes to at most: ids, times and numbers.</summary>
    private const int FixedBytes = 512;
    private const int FirstBytes = 16 * 1024;
    private const string Rfc3339Microseconds = "yyyy-MM-ddTHH:mm:ss.ffffffZ";

    private static readonly HeaderName SpecVersion = new(EventHeaders.SpecVersion);
    private static readonly HeaderName Id = new(EventHeaders.Id);
    private static readonly HeaderName Type = new(EventHeaders.Type);
    private static readonly HeaderName Source = new(EventHeaders.Source);
    private static readonly HeaderName Time = new(EventHeaders.Time);
    private static readonly HeaderName Subject = new(EventHeaders.Subject);
    private static readonly HeaderName Sequence = new(EventHeaders.Sequence);
    private static readonly HeaderName Previous = new(EventHeaders.Previous);
    private static readonly HeaderName ContentType = new(EventHeaders.ContentType);
    private static readonly HeaderName Correlation = new(EventHeaders.Correlation);
    private static readonly HeaderName Causation = new(EventHeaders.Causation);
    private static readonly HeaderName TraceParent = new(EventHeaders.TraceParent);
    private static readonly HeaderName TraceState = new(EventHeaders.TraceState);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly (HeaderName Name, Range Value)[] _headers = new (HeaderName, Range)[MaxHeaders];
    private byte[] _bytes = GC.AllocateUninitializedArray<byte>(FirstBytes, pinned: true);
    private int _headerCount;
    private int _end;

    public Range Key { get; private set; }
    public Range Value { get; private set; }
    public ReadOnlySpan<(HeaderName Name, Range Value)> Headers => _headers.AsSpan(0, _headerCount);

    /// <summary>
    /// Kafka's own time of the record: the event's, but none to come. A store's clock may be ahead; brokers refuse a
    /// record that is by an hour (message.timestamp.after.max.ms, Kafka 4). The event keeps its time in ce_time.
    /// </summary>
    public DateTime Timestamp { get; private set; }

    public ReadOnlySpan<byte> this[Range range] => _bytes.AsSpan(range);

    /// <summary>Valid until the next <see cref="Fill"/>.</summary>
    public unsafe byte* Start => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);

    public int Bytes
    {
        get
        {
            var bytes = _end;
            foreach (var (name, _) in Headers) bytes += name.Text.Length;
            return bytes;
        }
    }

    public void Fill(StoredEvent e, int schemaId)
    {
        Reserve(e);
        var now = _clock.GetUtcNow().UtcDateTime;
        (_end, _headerCount, Timestamp) = (0, 0, e.OccurredAt.ToUniversalTime() < now ? e.OccurredAt : now);
        Key = Append(e.Key);
        Value = Append(e.Payload, schemaId);
        Add(SpecVersion, Append("1.0"));
        Add(Id, Append(e.EventId));
        Add(Type, Append(e.Type));
        Add(Source, Append(source));
        Add(Time, Append(e.OccurredAt.ToUniversalTime(), Rfc3339Microseconds));
        Add(Subject, Key);
        Add(Sequence, Append(e.Position));
        Add(Previous, Append(e.Previous));
        Add(ContentType, Append(EventHeaders.AvroContentType));
        if (e.CorrelationId is not null) Add(Correlation, Append(e.CorrelationId));
        if (e.CausationId is { } causation) Add(Causation, Append(causation));
        if (e.TraceParent is not null) Add(TraceParent, Append(e.TraceParent));
        if (e.TraceState is not null) Add(TraceState, Append(e.TraceState));
    }

    private void Reserve(StoredEvent e)
    {
        var chars = e.Key.Length + e.Type.Length + source.Length + (e.CorrelationId?.Length ?? 0)
            + (e.TraceParent?.Length ?? 0) + (e.TraceState?.Length ?? 0);
        var atMost = FixedBytes + e.Payload.Length + Encoding.UTF8.GetMaxByteCount(chars);
        if (atMost > _bytes.Length) _bytes = GC.AllocateUninitializedArray<byte>(2 * atMost, pinned: true);
    }

    private void Add(HeaderName name, Range value) => _headers[_headerCount++] = (name, value);

    private Range Append(string text) => Appended(Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_end)));

    private Range Append<T>(T value, string? format = null) where T : IUtf8SpanFormattable
    {
        value.TryFormat(_bytes.AsSpan(_end), out var written, format, CultureInfo.InvariantCulture);
        return Appended(written);
    }

    /// <summary>Swaps the header of an event at rest for that of the wire; the body is the same bytes.</summary>
    private Range Append(ReadOnlySpan<byte> atRest, int schemaId)
    {
        var body = atRest[SingleObject.HeaderBytes..];
        var framed = _bytes.AsSpan(_end, ConfluentFrame.HeaderBytes + body.Length);
        framed[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(framed[1..], schemaId);
        body.CopyTo(framed[ConfluentFrame.HeaderBytes..]);
        return Appended(framed.Length);
    }

    private Range Appended(int bytes) => new(_end, _end += bytes);
}
