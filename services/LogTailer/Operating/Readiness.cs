using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Checkout.LogTailer.Operating;

/// <summary>
/// Ready while every store is served by this process or another, and degraded while one is too far behind; the text
/// says how each is.
/// </summary>
public sealed class Readiness(IReadOnlyList<TailStatus> tails, WatchOptions watch) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        var text = string.Join("\n", tails.Select(Text));
        return Task.FromResult(
            !tails.All(t => t.Now.State is TailState.Active or TailState.Standby or TailState.Healing)
            ? HealthCheckResult.Unhealthy(text)
            : tails.Any(t => t.Lag.Now?.Age > watch.LongestLag) ? HealthCheckResult.Degraded(text)
            : HealthCheckResult.Healthy(text));
    }

    private static string Text(TailStatus tail) =>
        $"{tail.Store}: {tail.Now.State.ToString().ToLowerInvariant()}: {tail.Now.Reason}"
        + (tail.Lag.Now is { Events: > 0 } behind
            ? $"; {behind.Events} events are not acknowledged, the oldest for {behind.Age.TotalSeconds:F1} s" : "");
}
