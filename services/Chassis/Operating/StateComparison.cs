using System.Diagnostics.Metrics;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>
/// Compares the rows of state with what the events lead to, all the time and little by little: whoever changes a row
/// behind the events is told of. One instance of a service does it, in a session of its own; nine tenths of the time
/// that rests, so that it slows nobody. What it finds degrades health until a round finds nothing.
/// </summary>
public sealed class StateComparison<TRows> : BackgroundService, IHealthCheck
{
    /// <summary>For each unit of work so many of rest.</summary>
    private const int RestFactor = 9;
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(20);
    /// <summary>Between two rounds over all rows.</summary>
    private static readonly TimeSpan BetweenRounds = TimeSpan.FromSeconds(3);
    /// <summary>Whether another instance has ended, and after a failure.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(10);

    private readonly Choreography<TRows> _choreography;
    private readonly string _connectionString;
    private readonly DatabaseReady _database;
    private readonly StoreHold _hold;
    private readonly TimeProvider _time;
    private readonly ILogger<StateComparison<TRows>> _logger;
    private volatile Followed? _now;
    private volatile string? _difference;
    private string? _found;
    private string? _why;

    public StateComparison(Choreography<TRows> choreography, string connectionString, DatabaseReady database,
        StoreHold hold, IMeterFactory meters, TimeProvider time, ILogger<StateComparison<TRows>> logger)
    {
        (_choreography, _connectionString, _database, _hold, _time, _logger) =
            (choreography, connectionString, database, hold, time, logger);
        var meter = meters.Create(TelemetryNames.Chassis);
        meter.CreateObservableGauge("state.comparison.position", () => Measured(now => now.Position), "{event}",
            "The last event that the rows were compared with; only from the instance that compares.");
        meter.CreateObservableGauge("state.comparison.age",
            () => Measured(now => time.GetElapsedTime(now.RoundAt).TotalSeconds), "s",
            "Since all rows were compared last, or since that began; only from the instance that compares.");
        meter.CreateObservableGauge("state.differs", () => _difference is null ? 0 : 1, null,
            "1 while a row is there that the events do not lead to, or lacks.");
    }

    /// <summary>How far it is; null where another instance compares.</summary>
    public ComparisonProgress? Progress => _now is not { } now ? null : new(now.Position,
        _time.GetUtcNow().UtcDateTime - _time.GetElapsedTime(now.RoundAt), _difference);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default) => Task.FromResult(_difference is { } difference
        ? HealthCheckResult.Degraded("the rows do not follow from the events: " + difference
            + " Whoever changed them, rebuild --replace makes them again")
        : HealthCheckResult.Healthy());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await _database.Migrated.WaitAsync(stoppingToken);
            // A session that is closed takes its temporary tables with it.
            await using var database = Database.Open(_connectionString + ";Pooling=false",
                $"{_choreography.Service} comparison");
            for (; ; await Task.Delay(AskAgain, _time, stoppingToken)) await TryAsync(database, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task TryAsync(NpgsqlDataSource database, CancellationToken stopping)
    {
        try
        {
            await _hold.ReleasedAsync(stopping);
            await using var state = await FollowedState<TRows>.BeginAsync(_choreography, database, stopping);
            if (state is null) return;
            _why = null;
            await FollowAsync(state, stopping);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // What it is about is told by who serves: an outage, a restored store, an event of a newer version.
            if (_why != e.Message) Log.NotCompared(_logger, _why = e.Message);
        }
        finally
        {
            (_now, _found) = (null, null);
        }
    }

    /// <summary>Until the store lacks something, or has another history.</summary>
    private async Task FollowAsync(FollowedState<TRows> state, CancellationToken stopping)
    {
        var (histories, roundAt) = (_hold.Histories, _time.GetTimestamp());
        while (_hold.Why is null && histories == _hold.Histories)
        {
            var started = _time.GetTimestamp();
            var step = await state.StepAsync(stopping);
            var took = _time.GetElapsedTime(started);
            if (step.Difference is { } difference) Find(difference);
            if (step.IsRoundOver)
            {
                // What it accuses by is read once more: events may have been away when they were followed.
                if (_found is not null) await state.BeginAnewAsync(stopping);
                EndRound();
                roundAt = _time.GetTimestamp();
            }
            _now = new(state.Position, roundAt);
            var rest = took * RestFactor;
            await Task.Delay(step.IsRoundOver ? BetweenRounds : rest > ShortestRest ? rest : ShortestRest, _time,
                stopping);
        }
    }

    private void Find(string difference)
    {
        if (_difference is null) Log.StateDiffers(_logger, difference);
        _difference = _found ??= difference;
    }

    private void EndRound()
    {
        if (_found is null && _difference is not null)
        {
            _difference = null;
            Log.StateAgrees(_logger);
        }
        _found = null;
    }

    private IEnumerable<Measurement<double>> Measured(Func<Followed, double> of) =>
        _now is { } now ? [new(of(now))] : [];

    private sealed record Followed(long Position, long RoundAt);
}
