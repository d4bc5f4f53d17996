using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// How far this process's clock and that of each source of events are apart. A record that was the newest of its
/// partition when it came waited for nobody, so the least time that such records of a minute took from the moment they
/// say they happened is what the clocks differ by, and a lag only where all of them lag. Any number of threads.
/// </summary>
public sealed class ClockSkew : IHealthCheck
{
    /// <summary>The least of two of these counts: of the one that runs and of the one before.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>Fewer may all have lagged; an event that comes before it happened needs no second.</summary>
    public const int LeastRecords = 3;

    /// <summary>What nobody has confirmed for so long says nothing any more.</summary>
    private static readonly TimeSpan Forgotten = 10 * Window;

    private readonly ConcurrentDictionary<string, Windows> _sources = new();
    private readonly ReactorOptions _options;
    private readonly TimeProvider _time;

    public ClockSkew(ReactorOptions options, IMeterFactory meters, TimeProvider time)
    {
        (_options, _time) = (options, time);
        meters.Create(TelemetryNames.Chassis).CreateObservableGauge("reactor.clock.skew", () => All().Select(skew =>
            new Measurement<double>(skew.Skew.TotalSeconds,
                new KeyValuePair<string, object?>("cloudevents.event_source", skew.Source))), "s",
            "How much later than its time the newest event of a source comes at least: what its clock is behind this "
            + "process's, or below 0 ahead of it.");
    }

    /// <param name="source">The ce_source of a record that was the newest of its partition when it came.</param>
    /// <param name="lateness">From when it says that it happened until it came, by this process's clock.</param>
    public void Observe(string source, TimeSpan lateness) =>
        _sources.GetOrAdd(source, _ => new()).Observe(lateness, _time.GetTimestamp(), _time);

    /// <summary>By source; zero while nothing is known.</summary>
    public IEnumerable<(string Source, TimeSpan Skew)> All() =>
        _sources.Select(source => (source.Key, source.Value.Skew(_time)));

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        var off = All().Where(skew => skew.Skew.Duration() > _options.LongestSkew).Select(Sentence).ToList();
        return Task.FromResult(off.Count == 0
            ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded(string.Join("; ", off)));
    }

    private string Sentence((string Source, TimeSpan Skew) skew)
    {
        var (behind, seconds) = (skew.Skew > TimeSpan.Zero, skew.Skew.Duration().TotalSeconds);
        return $"the clock of {skew.Source} is {seconds:F0} s {(behind ? "behind" : "ahead of")} this process's"
            + (behind ? ", or LogTailer lags by as much (logtailer_lag_duration_seconds)" : "")
            + ": correct the clocks; deadlines are judged by them, and bear "
            + $"{_options.ClockTolerance.TotalSeconds:F0} s (Reactor:ClockTolerance) beyond what they leave";
    }

    private sealed class Windows
    {
        private readonly Lock _gate = new();
        private (TimeSpan Least, int Records) _before;
        private (TimeSpan Least, int Records) _now;
        private long _since;
        private long _last;

        public void Observe(TimeSpan lateness, long at, TimeProvider time)
        {
            lock (_gate)
            {
                if (time.GetElapsedTime(_last, at) > Forgotten) (_before, _now) = (default, default);
                if (_now.Records == 0) _since = at;
                else if (time.GetElapsedTime(_since, at) > Window) (_before, _now, _since) = (_now, default, at);
                _now = (_now.Records == 0 || lateness < _now.Least ? lateness : _now.Least, _now.Records + 1);
                _last = at;
            }
        }

        public TimeSpan Skew(TimeProvider time)
        {
            lock (_gate)
            {
                if (_now.Records == 0 || time.GetElapsedTime(_last) > Forgotten) return TimeSpan.Zero;
                var least = _before.Records > 0 && _before.Least < _now.Least ? _before.Least : _now.Least;
                return least < TimeSpan.Zero || _before.Records + _now.Records >= LeastRecords ? least : TimeSpan.Zero;
            }
        }
    }
}
