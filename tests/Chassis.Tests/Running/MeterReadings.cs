using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Checkout.Chassis.Tests.Running;

/// <summary>Sums of the counters and last values of the gauges of one instance.</summary>
public sealed class MeterReadings : IDisposable
{
    private readonly ConcurrentDictionary<string, long> _counted = new();
    private readonly ConcurrentDictionary<string, double> _gauged = new();
    private readonly MeterListener _listener;

    public MeterReadings(IMeterFactory meters)
    {
        _listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, meters)) listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
            _counted.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value));
        _listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => _gauged[instrument.Name] = value);
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => _gauged[instrument.Name] = value);
        _listener.Start();
    }

    public long Sum(string counter) => _counted.GetValueOrDefault(counter);

    public double Gauge(string gauge)
    {
        _listener.RecordObservableInstruments();
        return _gauged.GetValueOrDefault(gauge);
    }

    public void Dispose() => _listener.Dispose();
}
