using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.State;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>
/// How many events are parked and since when, by topic. Each instance asks the database: all say the same, and a
/// dashboard takes the highest.
/// </summary>
public sealed class ParkedGauge<TRows> : BackgroundService
{
    private readonly DatabaseReady _ready;
    private readonly NpgsqlDataSource _database;
    private readonly TimeProvider _time;
    private ImmutableDictionary<string, (long Count, DateTime Oldest)> _parked =
        ImmutableDictionary<string, (long, DateTime)>.Empty;

    public ParkedGauge(Choreography<TRows> choreography, DatabaseReady ready, NpgsqlDataSource database,
        IMeterFactory meters, TimeProvider time)
    {
        (_ready, _database, _time) = (ready, database, time);
        var meter = meters.Create(TelemetryNames.Chassis);
        var topics = choreography.Topics.ToList();
        meter.CreateObservableGauge("reactor.parked.rows", () => Measured(topics, parked => parked.Count), "{message}",
            "Records that are parked now.");
        meter.CreateObservableGauge("reactor.parked.oldest.age", () => Measured(topics, Age), "s",
            "Since the oldest parked record was parked; 0 where none is.");
    }

    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>As it is now; what could not be asked stays as it was.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        var found = ImmutableDictionary.CreateBuilder<string, (long, DateTime)>();
        var trip = new RoundTrip();
        Parked.ByTopic(trip, (topic, count, oldest) => found[topic] = (count, oldest));
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await trip.RunAsync(connection, cancellation);
        _parked = found.ToImmutable();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await _ready.Migrated.WaitAsync(stoppingToken);
            using var timer = new PeriodicTimer(Interval);
            do
                try
                {
                    await LookAsync(stoppingToken);
                }
                catch (Exception e) when (Outage.IsNobodysFault(e))
                {
                    // Health says that the database is away, or has not what this service made in it.
                }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>For every topic that is heard, also where nothing is parked; and for those that were.</summary>
    private IEnumerable<Measurement<double>> Measured(List<string> topics,
        Func<(long Count, DateTime Oldest), double> of)
    {
        var parked = _parked;
        return topics.Union(parked.Keys).Select(topic => new Measurement<double>(
            parked.TryGetValue(topic, out var some) ? of(some) : 0,
            new KeyValuePair<string, object?>("messaging.destination.name", topic)));
    }

    private double Age((long Count, DateTime Oldest) parked) =>
        Math.Max(0, (_time.GetUtcNow().UtcDateTime - parked.Oldest).TotalSeconds);
}
