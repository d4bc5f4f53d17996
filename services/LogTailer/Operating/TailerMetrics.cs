using System.Diagnostics.Metrics;
using Checkout.LogTailer.Sink;

namespace Checkout.LogTailer.Operating;

public sealed class TailerMetrics : IDisposable
{
    public const string MeterName = "Checkout.LogTailer";

    private static readonly double[] DurationBucketsSeconds = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
        1, 2.5, 5, 10, 60];

    private readonly Meter _meter = new(MeterName);

    public TailerMetrics(IReadOnlyCollection<TailStatus> tails)
    {
        Published = _meter.CreateCounter<long>("logtailer.published.events", "{event}",
            "Events acknowledged by Kafka.");
        PublishDuration = _meter.CreateHistogram("logtailer.publish.duration", "s",
            "From a transaction's commit to Kafka's acknowledgement of its event.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = DurationBucketsSeconds });
        _meter.CreateObservableGauge("logtailer.retained.log",
            () => tails.Select(t => Of(t, t.Slot?.RetainedBytes ?? 0)), "By",
            "Transaction log that PostgreSQL keeps for the slot.");
        _meter.CreateObservableGauge("logtailer.oldest.snapshot.age",
            () => tails.Select(t => Of(t, t.Slot?.OldestSnapshotSeconds ?? 0)), "s",
            "Age of the oldest transaction that holds back the clean-up of the store's dead rows, such as those of "
                + "its head.");
        _meter.CreateObservableCounter("logtailer.healed.events", () => tails.Select(t => Of(t, t.Healed)), "{event}",
            "Events published from the store because the topic did not have them.");
        _meter.CreateObservableCounter("logtailer.lost.slots", () => tails.Select(t => Of(t, t.LostSlots)), "{slot}",
            "Replication slots that were gone or invalid and were made anew.");
        _meter.CreateObservableGauge("logtailer.lag.events", () => Lags(tails, behind => behind.Events), "{event}",
            "Events of the store that Kafka has not acknowledged; only from the process that publishes it.");
        _meter.CreateObservableGauge("logtailer.lag.duration", () => Lags(tails, behind => behind.Age.TotalSeconds),
            "s",
            "For how long the oldest event that Kafka has not acknowledged has been in the store; only from the "
                + "process that publishes it.");
        _meter.CreateObservableGauge("logtailer.state", () => tails.SelectMany(States), null,
            "1 for the state the store's tail is in, 0 for the others.");
    }

    public Counter<long> Published { get; }
    public Histogram<double> PublishDuration { get; }

    private static Measurement<T> Of<T>(TailStatus tail, T value) where T : struct =>
        new(value, new KeyValuePair<string, object?>(SendTelemetry.StoreAttribute, tail.Store));

    private static IEnumerable<Measurement<T>> Lags<T>(IEnumerable<TailStatus> tails, Func<Behind, T> value)
        where T : struct
    {
        foreach (var tail in tails)
            if (tail.Lag.Now is { } behind) yield return Of(tail, value(behind));
    }

    private static IEnumerable<Measurement<int>> States(TailStatus tail)
    {
        var now = tail.Now.State;
        return Enum.GetValues<TailState>().Select(s => new Measurement<int>(s == now ? 1 : 0,
            new(SendTelemetry.StoreAttribute, tail.Store), new("state", s.ToString().ToLowerInvariant())));
    }

    public void Dispose() => _meter.Dispose();
}
