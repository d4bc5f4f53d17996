using System.Globalization;
using Checkout.Local.Events;

namespace Checkout.Local.Traces;

/// <summary>A checkout's trace as a tree of text: when each step began, how long it took, what it waited for.</summary>
internal static class TraceText
{
    private const int ShownId = 8;

    /// <summary>
    /// A span below its parent, in the order of their beginnings; one whose parent nobody exported, as where its
    /// process was killed, stands at the left and says so.
    /// </summary>
    public static IEnumerable<string> Of(string traceId, IReadOnlyList<Span> spans)
    {
        var began = spans.Min(span => span.Start);
        var checkouts = string.Join(", ", spans.Select(span => span.Tag("checkout.id")).OfType<string>().Distinct());
        var inAll = Milliseconds(spans.Max(span => span.End) - began);
        yield return $"Trace {traceId}: {spans.Count} spans of {Services(spans)}, {inAll} ms"
            + (checkouts.Length > 0 ? $", checkout {checkouts}" : "");
        yield return "";
        yield return "     began      took";
        var ids = spans.Select(span => span.Id).ToHashSet();
        var below = spans.ToLookup(span => span.Parent is { } parent && ids.Contains(parent) ? parent : "");
        var sends = spans.Where(IsSend).GroupBy(span => (MessageOf(span), span.Tag("messaging.destination.name")))
            .ToDictionary(same => same.Key, same => same.First());
        var left = new HashSet<Span>(spans, ReferenceEqualityComparer.Instance);
        foreach (var (span, depth) in Walk(below, "", 0, left)) yield return OfSpan(span, depth);
        // Those that are each other's parents, which somebody else's exporter may say.
        foreach (var span in left.OrderBy(span => span.Start).ToList()) yield return OfSpan(span, 0);

        string OfSpan(Span span, int depth)
        {
            var error = span.Tag("error.type") is { } type ? $", error: {type}" : "";
            var orphan = depth == 0 && span.Parent is { } parent
                ? $", below {parent[..Math.Min(parent.Length, ShownId)]}..., which is not here" : "";
            return $"{Milliseconds(span.Start - began),7} ms {Milliseconds(span.Duration),6} ms  "
                + $"{new string(' ', 2 * depth)}{span.Service}  {span.Name}{Waited(span, sends)}{error}{orphan}";
        }
    }

    /// <summary>
    /// The same of events, where nobody kept spans: each below the one that caused it, with the time since that. How
    /// that time was spent, waiting or working, events don't say.
    /// </summary>
    public static IEnumerable<string> Of(IReadOnlyList<StoredEvent> events)
    {
        var began = events[0].At;
        var inAll = Milliseconds(events.Max(e => e.At) - began);
        yield return $"{events.Count} events, {inAll} ms; no spans of it are kept, so this is what the stores say";
        yield return "";
        yield return "        at     after";
        var byId = events.ToDictionary(e => e.Id);
        var depths = new Dictionary<Guid, int>();
        // In order: a cause stands before what it led to.
        foreach (var e in events)
        {
            var cause = e.Cause is { } id ? byId.GetValueOrDefault(id) : null;
            depths[e.Id] = cause is null ? 0 : depths.GetValueOrDefault(cause.Id) + 1;
            var after = cause is null ? "" : $"{Milliseconds(e.At - cause.At)} ms";
            yield return $"{Milliseconds(e.At - began),7} ms {after,9}  {new string(' ', 2 * depths[e.Id])}{e.Store}  "
                + e.Name;
        }
    }

    private static IEnumerable<(Span, int)> Walk(ILookup<string, Span> below, string parent, int depth,
        HashSet<Span> left)
    {
        foreach (var span in below[parent].OrderBy(span => span.Start))
        {
            if (!left.Remove(span)) continue;
            yield return (span, depth);
            foreach (var deeper in Walk(below, span.Id, depth + 1, left)) yield return deeper;
        }
    }

    /// <summary>
    /// LogTailer's span is from the commit to Kafka's acknowledgement: the log. From there to where a service begins to
    /// decide the record waits in the broker, and for its batch.
    /// </summary>
    private static string Waited(Span span, Dictionary<(string?, string?), Span> sends)
    {
        if (IsSend(span)) return ": from the commit to Kafka's acknowledgement";
        if (span.Tag("messaging.operation.name") != "process"
            || !sends.TryGetValue((MessageOf(span), span.Tag("messaging.destination.name")), out var send)) return "";
        var waited = span.Start > send.End ? span.Start - send.End : TimeSpan.Zero;
        return $", after {Milliseconds(waited)} ms in the broker";
    }

    private static bool IsSend(Span span) => span.Tag("messaging.operation.name") == "send";

    private static string? MessageOf(Span span) => span.Tag("messaging.message.id");

    private static string Services(IEnumerable<Span> spans) =>
        string.Join(", ", spans.Select(span => span.Service).Distinct().Order(StringComparer.Ordinal));

    private static string Milliseconds(TimeSpan time) =>
        time.TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture);
}
