using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Checkout.Chassis.Telemetry;

/// <summary>
/// Every reason of /health/ready as a metric, looked at by itself: who scrapes need not probe. A change is logged
/// once.
/// </summary>
internal sealed class HealthMetrics : IHealthCheckPublisher
{
    /// <summary>So often the checks run: what is wrong is told within ten seconds.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    private readonly ILogger<HealthMetrics> _logger;
    private volatile IReadOnlyDictionary<string, HealthReportEntry> _entries =
        new Dictionary<string, HealthReportEntry>();

    public HealthMetrics(IMeterFactory meters, ILogger<HealthMetrics> logger)
    {
        _logger = logger;
        meters.Create(TelemetryNames.Chassis).CreateObservableGauge("health.status", () => _entries.SelectMany(Of),
            null, "1 for the status that a check of /health/ready has, 0 for the others.");
    }

    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        var before = _entries;
        foreach (var (check, entry) in report.Entries)
            if (before.TryGetValue(check, out var was) ? was.Status != entry.Status
                : entry.Status != HealthStatus.Healthy)
                Tell(check, entry);
        _entries = report.Entries;
        return Task.CompletedTask;
    }

    private void Tell(string check, HealthReportEntry entry)
    {
        if (entry.Status == HealthStatus.Healthy) Log.HealthyAgain(_logger, check);
        else Log.HealthWorse(_logger, check, entry.Status, entry.Description ?? entry.Exception?.Message);
    }

    private static IEnumerable<Measurement<int>> Of(KeyValuePair<string, HealthReportEntry> check) =>
        Enum.GetValues<HealthStatus>().Select(status => new Measurement<int>(status == check.Value.Status ? 1 : 0,
            new("check", check.Key), new("status", status.ToString().ToLowerInvariant())));
}
