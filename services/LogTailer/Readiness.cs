using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Checkout.LogTailer;

/// <summary>Ready while every store is served by this process or another; the text says how each is.</summary>
public sealed class Readiness(IReadOnlyList<TailStatus> tails) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var text = string.Join("\n", tails.Select(t => $"{t.Store}: {t.Now.State.ToString().ToLowerInvariant()}: {t.Now.Reason}"));
        return Task.FromResult(tails.All(t => t.Now.State is TailState.Active or TailState.Standby or TailState.Healing)
            ? HealthCheckResult.Healthy(text)
            : HealthCheckResult.Unhealthy(text));
    }
}
