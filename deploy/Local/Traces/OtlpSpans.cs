using System.Globalization;
using System.Text;

namespace Checkout.Local.Traces;

/// <summary>
/// The spans of an ExportTraceServiceRequest (opentelemetry-proto 1.x, stable), with the fields that a tree needs.
/// </summary>
internal static class OtlpSpans
{
    private const int NanosecondsPerTick = 100;

    /// <exception cref="InvalidDataException">It is no such request.</exception>
    public static IReadOnlyList<(string TraceId, Span Span)> Read(ReadOnlySpan<byte> request)
    {
        var spans = new List<(string, Span)>();
        for (var reader = new ProtobufReader(request); reader.Next();)
            if (reader.Field == 1) AddOfResource(reader.Bytes(), spans);
            else reader.Skip();
        return spans;
    }

    private static void AddOfResource(ReadOnlySpan<byte> resourceSpans, List<(string, Span)> spans)
    {
        var service = "";
        for (var reader = new ProtobufReader(resourceSpans); reader.Next();)
            if (reader.Field == 1)
                service = Attributes(reader.Bytes(), field: 1).GetValueOrDefault("service.name", "");
            else reader.Skip();
        for (var reader = new ProtobufReader(resourceSpans); reader.Next();)
            if (reader.Field == 2) AddOfScope(reader.Bytes(), service, spans);
            else reader.Skip();
    }

    private static void AddOfScope(ReadOnlySpan<byte> scopeSpans, string service, List<(string, Span)> spans)
    {
        for (var reader = new ProtobufReader(scopeSpans); reader.Next();)
            if (reader.Field == 2) spans.Add(OfSpan(reader.Bytes(), service));
            else reader.Skip();
    }

    private static (string, Span) OfSpan(ReadOnlySpan<byte> span, string service)
    {
        var (trace, id, parent, name) = ("", "", "", "");
        var (start, end) = (0UL, 0UL);
        for (var reader = new ProtobufReader(span); reader.Next();)
            switch (reader.Field)
            {
                case 1:
                    trace = Convert.ToHexStringLower(reader.Bytes());
                    break;
                case 2:
                    id = Convert.ToHexStringLower(reader.Bytes());
                    break;
                case 4:
                    parent = Convert.ToHexStringLower(reader.Bytes());
                    break;
                case 5:
                    name = Encoding.UTF8.GetString(reader.Bytes());
                    break;
                case 7:
                    start = reader.Fixed64();
                    break;
                case 8:
                    end = reader.Fixed64();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        return (trace, new(id, parent.Length == 0 ? null : parent, service, name, TimeOf(start),
            TimeOf(end) - TimeOf(start), Attributes(span, field: 9)));
    }

    /// <summary>Of a message whose attributes are this field; the last of a name.</summary>
    private static Dictionary<string, string> Attributes(ReadOnlySpan<byte> message, int field)
    {
        var attributes = new Dictionary<string, string>();
        for (var reader = new ProtobufReader(message); reader.Next();)
            if (reader.Field == field)
            {
                var (key, value) = KeyValue(reader.Bytes());
                attributes[key] = value;
            }
            else reader.Skip();
        return attributes;
    }

    private static (string, string) KeyValue(ReadOnlySpan<byte> keyValue)
    {
        var (key, value) = ("", "");
        for (var reader = new ProtobufReader(keyValue); reader.Next();)
            switch (reader.Field)
            {
                case 1:
                    key = Encoding.UTF8.GetString(reader.Bytes());
                    break;
                case 2:
                    value = Value(reader.Bytes());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        return (key, value);
    }

    /// <summary>Texts, truths and whole numbers; nothing else is looked at.</summary>
    private static string Value(ReadOnlySpan<byte> any)
    {
        var value = "";
        for (var reader = new ProtobufReader(any); reader.Next();)
            switch (reader.Field)
            {
                case 1:
                    value = Encoding.UTF8.GetString(reader.Bytes());
                    break;
                case 2:
                    value = reader.Number() == 0 ? "false" : "true";
                    break;
                case 3:
                    value = ((long)reader.Number()).ToString(CultureInfo.InvariantCulture);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        return value;
    }

    /// <summary>Of nanoseconds since 1970; whatever they are, since they came from somebody else.</summary>
    private static DateTime TimeOf(ulong nanoseconds) =>
        DateTime.UnixEpoch.AddTicks((long)Math.Min(nanoseconds / NanosecondsPerTick,
            (ulong)(DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks)));
}
