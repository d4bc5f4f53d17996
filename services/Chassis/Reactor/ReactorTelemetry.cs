using System.Diagnostics;
using System.Diagnostics.Metrics;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Telemetry;
using Checkout.Chassis.WireFormat;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// Spans and metrics of the reactor by OpenTelemetry's messaging conventions (1.44). A process span's parent is the
/// context in its message, so a story is one trace; the batch's shared work is a trace of its own, linked with the
/// messages' both ways. A parent is not linked as well: Jaeger would show it as what a span follows from, and no longer
/// as its parent.
/// </summary>
public sealed class ReactorTelemetry
{
    private const int MaxLinks = 128;

    private static readonly ActivitySource Source = new(TelemetryNames.Chassis);

    private readonly string _group;
    private readonly string _correlationAttribute;
    private readonly Counter<long> _consumed;
    private readonly Counter<long> _seen;
    private readonly Counter<long> _passed;
    private readonly Counter<long> _foreign;
    private readonly Counter<long> _parked;
    private readonly Counter<long> _replaced;
    private readonly Counter<long> _restarted;
    private readonly Histogram<double> _process;
    private readonly Histogram<int> _batch;

    /// <param name="topics">Those that are heard: what is counted of each begins at 0.</param>
    public ReactorTelemetry(IMeterFactory meters, string group, string correlationAttribute, ReactorState state,
        Lag lag, IReadOnlyCollection<string> topics)
    {
        (_group, _correlationAttribute) = (group, correlationAttribute);
        var meter = meters.Create(TelemetryNames.Chassis);
        _consumed = meter.CreateCounter<long>("messaging.client.consumed.messages", "{message}", "Records handled.");
        _seen = meter.CreateCounter<long>("reactor.seen.messages", "{message}",
            "Records dropped because the chain had them before.");
        _passed = meter.CreateCounter<long>("reactor.passed.messages", "{message}",
            "Records passed over because the service has no row for them.");
        _foreign = meter.CreateCounter<long>("reactor.foreign.messages", "{message}",
            "Records on a chained topic that LogTailer did not write, and that are left alone.");
        _parked = meter.CreateCounter<long>("reactor.parked.messages", "{message}", "Records parked.");
        _replaced = meter.CreateCounter<long>("reactor.replaced.consumers", "{consumer}",
            "Consumers replaced because they did not read.");
        _restarted = meter.CreateCounter<long>("reactor.restarts", "{restart}",
            "Times that the loop failed and began again.");
        _process = meter.CreateHistogram("messaging.process.duration", "s", "From the start of a batch to its commit.",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = TelemetryNames.DurationBuckets });
        _batch = meter.CreateHistogram("reactor.batch.size", "{message}", "Records handled in one transaction.", null,
            new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] });
        meter.CreateObservableGauge("reactor.assigned.partitions", () => state.AssignedPartitions, "{partition}",
            "Partitions assigned to this instance.");
        meter.CreateObservableGauge("reactor.held.partitions", () => state.HeldPartitions, "{partition}",
            "Partitions held because a record is missing.");
        meter.CreateObservableGauge("reactor.stopped.partitions",
            () => Enum.GetValues<StopReason>().Select(reason => new Measurement<int>(state.Stopped(reason),
                new KeyValuePair<string, object?>("reason", reason.ToString()))), "{partition}",
            "Partitions of which nothing is handled from a record on, by the reason.");
        meter.CreateObservableGauge("reactor.behind.partitions", () => state.BehindPartitions, "{partition}",
            "Partitions that end before what was handled of them.");
        meter.CreateObservableGauge("reactor.left.topics", () => state.LeftTopics, "{topic}",
            "Topics left to other instances, which have reactions that this one lacks.");
        meter.CreateObservableGauge("reactor.failing.duration", () => state.Failing.TotalSeconds, "s",
            "Since handling succeeded last, while it fails again and again; else 0.");
        meter.CreateObservableGauge("reactor.standing.partitions", () => state.StandingPartitions, "{partition}",
            "Partitions of which nothing is handled though brokers have something, for no reason that is known.");
        meter.CreateObservableGauge("reactor.refusals", () => state.Refusals, "{refusal}",
            "What Kafka does not let this process do, for want of rights.");
        lag.Measure(meter, [.. topics]);
        foreach (var topic in topics) BeginAtZero(topic);
        _replaced.Add(0);
        _restarted.Add(0);
    }

    public Batch StartBatch(IEnumerable<Incoming> records)
    {
        var all = records.ToList();
        var links = Source.HasListeners()
            ? all.Take(MaxLinks).Select(ContextOf).Where(c => c != default).Select(c => new ActivityLink(c)).ToList()
            : [];
        var span = all.Count == 0
            ? null : Source.StartActivity(ActivityKind.Internal, default(ActivityContext), links: links,
                name: $"handle batch {_group}");
        span?.SetTag("messaging.batch.message_count", all.Count).SetTag("messaging.consumer.group.name", _group)
            .SetTag("messaging.system", "kafka");
        return new(this, span, all.Count);
    }

    public Activity? StartProcess(Incoming record)
    {
        var batch = Activity.Current;
        var tags = new ActivityTagsCollection
        {
            ["messaging.system"] = "kafka",
            ["messaging.operation.name"] = "process",
            ["messaging.operation.type"] = "process",
            ["messaging.destination.name"] = record.Topic,
            ["messaging.destination.partition.id"] =
            record.Partition.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["messaging.consumer.group.name"] = _group,
            ["messaging.kafka.offset"] = record.Offset,
            ["messaging.message.id"] = record.Header(EventHeaders.Id),
        };
        if (record.Header(EventHeaders.Correlation) is { } correlation) tags[_correlationAttribute] = correlation;
        var parent = ContextOf(record);
        ActivityLink[] links = batch is null ? [] : [new(batch.Context)];
        var span = Source.StartActivity($"process {record.Topic}", ActivityKind.Consumer, parent, tags, links);
        Activity.Current = batch;
        return span;
    }

    public void Decided(Activity? span, Incoming record, string? correlation, string? fault)
    {
        Consumed(record.Topic, 1);
        if (correlation is not null) span?.SetTag(_correlationAttribute, correlation);
        if (fault is not null) span?.SetStatus(ActivityStatusCode.Error, fault).SetTag("error.type", "parked");
    }

    public void Seen(string topic) => _seen.Add(1, Topic(topic));

    public void Passed(string topic) => _passed.Add(1, Topic(topic));

    public void Foreign(string topic) => _foreign.Add(1, Topic(topic));

    public void ConsumerReplaced() => _replaced.Add(1);

    public void Restarted() => _restarted.Add(1);

    public void Parked(string topic) => _parked.Add(1, Topic(topic));

    /// <summary>
    /// Spans of a pass that was rolled back: nothing carries their context on, and the next try makes others.
    /// </summary>
    public static void Forget(IEnumerable<Activity> spans)
    {
        foreach (var span in spans) span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
    }

    /// <summary>Makes the span the current one, so that what is logged meanwhile bears its trace.</summary>
    public static Scope Within(Activity? span) => new(span);

    /// <summary>
    /// A counter that is not there before its first event hides that event from whoever asks for the increase.
    /// </summary>
    private void BeginAtZero(string topic)
    {
        Consumed(topic, 0);
        foreach (var counter in new[] { _seen, _passed, _foreign, _parked }) counter.Add(0, Topic(topic));
    }

    private void Consumed(string topic, long count) =>
        _consumed.Add(count, Topic(topic), new("messaging.consumer.group.name", _group));

    private static ActivityContext ContextOf(Incoming record) =>
        ActivityContext.TryParse(record.Header(EventHeaders.TraceParent), record.Header(EventHeaders.TraceState),
            isRemote: true, out var context) ? context : default;

    private static KeyValuePair<string, object?> Topic(string topic) => new("messaging.destination.name", topic);

    public readonly struct Scope : IDisposable
    {
        private readonly Activity? _before;

        public Scope(Activity? span)
        {
            _before = Activity.Current;
            if (span is not null) Activity.Current = span;
        }

        public void Dispose() => Activity.Current = _before;
    }

    /// <summary>The shared work of a batch, from its first statement to its commit.</summary>
    public sealed class Batch(ReactorTelemetry telemetry, Activity? span, int records) : IDisposable
    {
        private readonly long _started = Stopwatch.GetTimestamp();

        public void Dispose()
        {
            span?.Dispose();
            if (records == 0) return;
            telemetry._batch.Record(records);
            telemetry._process.Record(Stopwatch.GetElapsedTime(_started).TotalSeconds,
                new KeyValuePair<string, object?>("messaging.consumer.group.name", telemetry._group));
        }
    }
}
