using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class TelemetryTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_published_event_leaves_one_client_span_from_its_commit_to_its_acknowledgement()
    {
        var parent = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(),
            ActivityTraceFlags.Recorded);
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == SendTelemetry.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => { if (span.TraceId == parent.TraceId) lock (spans) spans.Add(span); },
        };
        ActivitySource.AddActivityListener(listener);
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using var tail = new RunningTail(store, broker.Bootstrap);
        await tail.UntilAsync(TailState.Active);
        var before = DateTime.UtcNow;
        var sample = new Sample("customer-1")
        {
            CorrelationId = "checkout-1",
            TraceParent = $"00-{parent.TraceId}-{parent.SpanId}-01"
        };
        await store.AppendAsync(sample, new Sample("customer-2"));
        await Eventually.Until(() => { lock (spans) return spans.Count > 0; }, "a span");

        var span = Assert.Single(spans);
        Assert.Equal($"send {store.Topic}", span.DisplayName);
        Assert.Equal(ActivityKind.Client, span.Kind);
        Assert.Equal(parent.SpanId, span.ParentSpanId);
        // Jaeger shows a parent that is linked as well as what the span follows from, and as no parent.
        Assert.Empty(span.Links);
        Assert.InRange(span.StartTimeUtc, before, before.AddSeconds(10));
        Assert.InRange(span.Duration, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        var tags = span.TagObjects.ToDictionary();
        Assert.Equal("kafka", tags["messaging.system"]);
        Assert.Equal("send", tags["messaging.operation.name"]);
        Assert.Equal("send", tags["messaging.operation.type"]);
        Assert.Equal(store.Topic, tags["messaging.destination.name"]);
        Assert.IsType<string>(tags["messaging.destination.partition.id"]);
        Assert.Equal(sample.EventId.ToString(), tags["messaging.message.id"]);
        Assert.Equal(0L, tags["messaging.kafka.offset"]);
        Assert.Equal("checkout-1", tags["messaging.message.conversation_id"]);
        Assert.DoesNotContain("customer-1", tags.Values);
    }

    [Fact]
    public async Task Metrics_tell_what_was_published_and_how_late_what_log_is_kept_the_oldest_snapshot_and_the_state()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        using var readings = new Readings(store.Topic);
        await using var tail = new RunningTail(store, broker);
        await tail.UntilAsync(TailState.Active);
        await store.AppendAsync(new Sample("a"), new Sample("b"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await Eventually.Until(() => readings.Sum("logtailer.published.events") == 2, "two events counted");
        Assert.Equal(2, readings.Count("logtailer.publish.duration"));
        Assert.Equal(1, readings.Gauge("logtailer.state", "active"));
        Assert.Equal(0, readings.Gauge("logtailer.state", "standby"));
        Assert.InRange(readings.Gauge("logtailer.oldest.snapshot.age"), 0, 60);

        // A transaction left open, and log that can't be confirmed.
        await using var connection = await store.Source.OpenConnectionAsync();
        await using var open = await connection.BeginTransactionAsync();
        await using var write = new Npgsql.NpgsqlCommand("SELECT pg_current_xact_id()", connection);
        await write.ExecuteNonQueryAsync();
        await Eventually.Until(() => readings.Gauge("logtailer.oldest.snapshot.age") > 1.5,
            "the open transaction's age");
        broker.SetDown();
        await store.AppendAsync([.. Enumerable.Range(0, 500).Select(i => new Sample($"k{i}"))]);
        await Eventually.Until(() => readings.Gauge("logtailer.retained.log") > 100_000, "the log kept meanwhile");
        broker.SetUp();
        await open.RollbackAsync();
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        await Eventually.Until(() => readings.Gauge("logtailer.oldest.snapshot.age") < 1.5, "no open transaction");
    }

    [Fact]
    public void An_event_whose_trace_is_not_recorded_makes_no_span()
    {
        var made = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == SendTelemetry.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = span => { if (span.DisplayName == "send quiet") made++; },
        };
        ActivitySource.AddActivityListener(listener);
        using var metrics = new TailerMetrics([]);
        var telemetry = new SendTelemetry(
            metrics.Published, metrics.PublishDuration, "quiet", "correlation", TimeProvider.System);
        var head = new Head("quiet", "/quiet/0", 1, 0, [0], "public");
        var e = new StoredEvent(1, 0, 0, Guid.NewGuid(), "k", "t", DateTime.UtcNow, null, null,
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", null, []);
        telemetry.Acknowledged(head, e, DateTime.UtcNow, 0);
        Assert.Equal(0, made);
        telemetry.Acknowledged(head, e with { TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
            DateTime.UtcNow, 0);
        Assert.Equal(1, made);
    }

    /// <summary>The meters of one store.</summary>
    private sealed class Readings : IDisposable
    {
        private readonly ConcurrentDictionary<string, (double Sum, int Count, double Last)> _values = new();
        private readonly MeterListener _listener = new()
        {
            InstrumentPublished = (instrument,
                listener) =>
            {
                if (instrument.Meter.Name == TailerMetrics.MeterName) listener.EnableMeasurementEvents(instrument);
            },
        };

        public Readings(string store)
        {
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.Start();

            void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
            {
                var all = tags.ToArray().ToDictionary();
                if (!Equals(all.GetValueOrDefault(SendTelemetry.StoreAttribute), store)) return;
                _values.AddOrUpdate(instrument.Name + all.GetValueOrDefault("state"), (value, 1, value),
                    (_, was) => (was.Sum + value, was.Count + 1, value));
            }
        }

        public double Sum(string name) => _values.GetValueOrDefault(name).Sum;

        public int Count(string name) => _values.GetValueOrDefault(name).Count;

        public double Gauge(string name, string state = "")
        {
            _listener.RecordObservableInstruments();
            return _values.GetValueOrDefault(name + state).Last;
        }

        public void Dispose() => _listener.Dispose();
    }
}
