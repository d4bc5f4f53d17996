using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Checkout.LogTailer.Source;

namespace Checkout.LogTailer.Sink;

/// <summary>
/// What an acknowledged event adds to the metrics, and its span. Per event it costs two counters when nobody listens to
/// spans.
/// </summary>
public sealed class SendTelemetry
{
    public const string SourceName = "Checkout.LogTailer";
    public const string StoreAttribute = "store";
    private static readonly ActivitySource Source = new(SourceName);
    private readonly Counter<long> _published;
    private readonly Histogram<double> _duration;
    private readonly string _correlationAttribute;
    private readonly TimeProvider _time;
    private readonly KeyValuePair<string, object?> _store;

    public SendTelemetry(Counter<long> published, Histogram<double> duration, string storeName,
        string correlationAttribute, TimeProvider time)
    {
        (_published, _duration, _correlationAttribute, _time) = (published, duration, correlationAttribute, time);
        _store = new(StoreAttribute, storeName);
        // So that the first event is an increase.
        published.Add(0, _store);
    }

    public void Acknowledged(Head head, StoredEvent e, DateTime? committedAt, long offset)
    {
        _published.Add(1, _store);
        var now = _time.GetUtcNow().UtcDateTime;
        if (committedAt is { } committed)
            _duration.Record(Math.Max(0, (now - committed).TotalSeconds), _store);
        if (e.TraceParent is not null && Source.HasListeners()) Span(head, e, committedAt ?? now, now, offset);
    }

    /// <summary>
    /// From the commit to the acknowledgement. The context stored with the row is the creation context: it went into
    /// the record as it is, so this span is a CLIENT's, a child of it, and injects nothing (OpenTelemetry messaging
    /// conventions 1.44.0; the link to it that they ask for as well is left out, see docs/decisions/0006). It does not
    /// bear the record's key, which is a customer (docs/decisions/0001).
    /// </summary>
    private void Span(Head head, StoredEvent e, DateTime start, DateTime end, long offset)
    {
        // Whoever created the event decided whether its trace is recorded; the span is a leaf, so without that it need
        // not be made.
        if (!ActivityContext.TryParse(e.TraceParent, e.TraceState, isRemote: true, out var creation)
            || !creation.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)) return;
        KeyValuePair<string, object?>[] tags =
        [
            new("messaging.system", "kafka"),
            new("messaging.operation.name", "send"),
            new("messaging.operation.type", "send"),
            new("messaging.destination.name", head.Topic),
            new("messaging.destination.partition.id", e.Partition.ToString(CultureInfo.InvariantCulture)),
        ];
        using var span = Source.CreateActivity($"send {head.Topic}", ActivityKind.Client, creation, tags);
        if (span is null) return;
        span.SetStartTime(start < end ? start : end);
        span.Start();
        span.SetTag("messaging.message.id", e.EventId.ToString());
        if (offset >= 0) span.SetTag("messaging.kafka.offset", offset);
        if (e.CorrelationId is not null) span.SetTag(_correlationAttribute, e.CorrelationId);
        span.SetEndTime(end);
    }
}
