using System.Diagnostics.Metrics;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Resilience;
using Checkout.Observer.Auditing;
using Npgsql;

namespace Checkout.Observer.Looking;

/// <summary>
/// Asks for the summary every second, for metrics and for who has the board open. All instances say the same: a
/// dashboard takes the highest.
/// </summary>
public sealed class SummaryWatch : BackgroundService
{
    public const string MeterName = "Checkout.Observer";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ObserverDatabase _ready;
    private readonly NpgsqlDataSource _database;
    private readonly ObserverOptions _options;
    private readonly TimeProvider _time;
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile SummaryAnswer? _now;

    public SummaryWatch(ObserverDatabase ready, NpgsqlDataSource database, ObserverOptions options, AuditStatus status,
        Asking.Processes processes, IMeterFactory meters, TimeProvider time)
    {
        (_ready, _database, _options, _time) = (ready, database, options, time);
        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge("observer.audit.lag.messages", () => status.BehindMessages, "{message}",
            "Records that brokers have and the audit has not judged.");
        meter.CreateObservableGauge("observer.audit.age", () => status.Age.TotalSeconds, "s",
            "So old is what the audit says: since everything that was on the topics was read and judged.");
        meter.CreateObservableGauge("observer.audit.moved.age",
            () => Math.Max(0, (time.GetUtcNow().UtcDateTime - status.MovedAt).TotalSeconds), "s",
            "Since the audit last read something, or found nothing to read.");
        meter.CreateObservableCounter("observer.audit.records", () => status.Records, "{message}",
            "Records that this process read and judged.");
        meter.CreateObservableGauge("observer.violations", () => Kinds.All.Select(kind => new Measurement<long>(
            _now?.Violations.FirstOrDefault(v => v.Kind == kind)?.Open ?? 0, Tag("kind", kind))), "{violation}",
            "Violations that nobody has settled.");
        meter.CreateObservableGauge("observer.checkouts", () => Story.States.Select(state => new Measurement<long>(
            _now?.Checkouts.FirstOrDefault(c => c.State == state)?.Checkouts ?? 0, Tag("state", state))), "{checkout}",
            "Checkouts by what became of them.");
        meter.CreateObservableGauge("observer.stuck", () => Story.Services.Select(service => new Measurement<long>(
            _now?.Stuck.FirstOrDefault(s => s.WaitsFor == service)?.Checkouts ?? 0, Tag("waits_for", service))),
            "{checkout}", "Checkouts that wait for an event of a service for too long.");
        meter.CreateObservableGauge("observer.oldest.waiting", () => _now?.OldestWaitingSeconds ?? 0, "s",
            "Since the last event of the checkout that waits longest.");
        meter.CreateObservableGauge("observer.coins.paid.not.delivered", () => _now?.CoinsPaidNotDelivered ?? 0,
            "{coin}", "Coins that were taken, and for which there is neither an avatar nor a refund yet.");
        meter.CreateObservableGauge("observer.strangers", () => _now?.Strangers ?? 0, "{message}",
            "Records that are no event of their topic's owner, or can't be decoded.");
        meter.CreateObservableGauge("observer.process.answers", () => processes.All.Select(asked =>
            new Measurement<int>(asked.Problem is null ? 1 : 0, Tag("process", asked.Process))), null,
            "1 for a process that says how far it is, 0 for one that does not answer.");
    }

    /// <summary>Null before it was read once.</summary>
    public SummaryAnswer? Now => _now;

    /// <summary>Ends when there is a newer one.</summary>
    public Task Changed => _changed.Task;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await _ready.Migrated.WaitAsync(stoppingToken);
            using var timer = new PeriodicTimer(Interval, _time);
            do
                try
                {
                    await LookAsync(stoppingToken);
                }
                catch (Exception e) when (Outage.IsNobodysFault(e))
                {
                    // Health says that the database is away.
                }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    /// <exception cref="TimeoutException">It was never read, and the database does not answer in time.</exception>
    public async Task<SummaryAnswer> NowAsync(CancellationToken cancellation)
    {
        if (_now is null) await LookAsync(cancellation).WaitAsync(InTime.Limit, cancellation);
        return _now!;
    }

    public async Task LookAsync(CancellationToken cancellation)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        _now = await Summary.ReadAsync(connection, _options.StuckAfter, _time.GetUtcNow().UtcDateTime, cancellation);
        var changed = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
