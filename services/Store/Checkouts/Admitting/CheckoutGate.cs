using System.Diagnostics.Metrics;
using System.Globalization;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Checkout.Store.Checkouts.Admitting;

/// <summary>
/// Before a post is read: whether it is taken. What was accepted is never dropped, so a post that was accepted before
/// is answered as ever, also while others are refused.
/// </summary>
public sealed class CheckoutGate : IHealthCheck
{
    /// <summary>How old what the database said may be when a post is refused because nothing ends.</summary>
    private static readonly TimeSpan Confirmed = TimeSpan.FromSeconds(2);

    /// <summary>When nobody posts any more, the last who was refused says so long how it is.</summary>
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(10);

    private readonly Admission _admission;
    private readonly KnownKeys _keys;
    private readonly Reconciling _reconciling;
    private readonly TimeProvider _time;
    private readonly ILogger<CheckoutGate> _logger;
    private readonly Counter<long> _shed;
    private LastRefusal? _refused;

    public CheckoutGate(Admission admission, KnownKeys keys, Reconciling reconciling, IMeterFactory meters,
        TimeProvider time, ILogger<CheckoutGate> logger)
    {
        (_admission, _keys, _reconciling, _time, _logger) = (admission, keys, reconciling, time, logger);
        var meter = meters.Create(TelemetryNames.Chassis);
        _shed = meter.CreateCounter<long>("checkouts.shed", "{request}", "Posts refused, by the reason.");
        foreach (var verdict in Enum.GetValues<Verdict>().Where(v => v != Verdict.Open)) _shed.Add(0, Reason(verdict));
        meter.CreateObservableGauge("checkouts.under_way", () => Figures.UnderWay, "{checkout}",
            "Checkouts that are waited for; those that are stuck are left out.");
        meter.CreateObservableGauge("checkouts.stuck", () => Figures.Stuck, "{checkout}",
            "Checkouts that have not ended though later ones did long ago.");
        meter.CreateObservableGauge("checkouts.queue.duration", () => Figures.Wait.TotalSeconds, "s",
            "How long the oldest checkout waits of those that no later one has passed.");
        meter.CreateObservableGauge("checkouts.ends", () => Figures.EndsPerSecond, "{checkout}/s",
            "How many checkouts ended a second, when some ended last.");
    }

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    private Figures Figures => _admission.Look(Now);

    /// <summary>An endpoint filter: by the gate of the service.</summary>
    public static ValueTask<object?> FilterAsync(EndpointFilterInvocationContext context,
        EndpointFilterDelegate next) =>
        context.HttpContext.RequestServices.GetRequiredService<CheckoutGate>().PassAsync(context, next);

    public async ValueTask<object?> PassAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var verdict = _admission.Judge(Now);
        if (verdict != Verdict.Open) verdict = await AgainAsync(verdict, context);
        if (verdict == Verdict.Open)
        {
            if (_refused is not null && _admission.Judge(Now) == Verdict.Open) Open();
            return await next(context);
        }
        Shut(verdict);
        _shed.Add(1, Reason(verdict));
        return Refused(context.HttpContext.Response, verdict);
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default) => Task.FromResult(
        _refused is { } last && _time.GetElapsedTime(last.At) < LastWord
            ? HealthCheckResult.Degraded($"posts are refused ({Name(last.Verdict)}): {Sentence(last.Verdict)}")
            : HealthCheckResult.Healthy());

    /// <summary>Open for one that was accepted before, for a probe, and where the database knows better.</summary>
    private async Task<Verdict> AgainAsync(Verdict verdict, EndpointFilterInvocationContext context)
    {
        var http = context.HttpContext;
        var key = new PostKey(context.Arguments.OfType<Caller>().Single().Id, IdempotencyKey.Of(http.Request));
        try
        {
            if (await _keys.ContainsAsync(key).InTimeAsync(http.RequestAborted)) return Verdict.Open;
            if (verdict == Verdict.Standstill
                && !await _reconciling.KnowsAsync(Confirmed, http.RequestAborted)) return Verdict.Open;
            return _admission.Judge(Now, asProbe: true);
        }
        catch (Exception e) when (Outage.IsNobodysFault(e))
        {
            // The database does not answer: the post will say so.
            return Verdict.Open;
        }
    }

    private void Open()
    {
        if (Interlocked.Exchange(ref _refused, null) is not null) Log.OpenAgain(_logger);
    }

    private void Shut(Verdict verdict)
    {
        if (Interlocked.Exchange(ref _refused, new(verdict, _time.GetTimestamp())) is { } before
            && before.Verdict == verdict) return;
        var f = Figures;
        Log.Shut(_logger, Name(verdict), f.UnderWay, f.Wait.TotalSeconds, f.Stuck, f.EndsPerSecond);
    }

    private static IResult Refused(HttpResponse response, Verdict verdict)
    {
        var after = verdict == Verdict.Standstill ? Admission.ProbeInterval : TimeSpan.FromSeconds(1);
        response.Headers.RetryAfter = ((int)after.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return StoreProblems.NoMoreCheckouts.With($"{Sentence(verdict)} Nothing was written: send the same request "
            + "again after the seconds that Retry-After says. Checkouts that were accepted still end.",
            ("reason", Name(verdict)));
    }

    private static string Sentence(Verdict verdict) => verdict == Verdict.Standstill
        ? "Checkouts wait and none ends: a part of the system is away."
        : "More checkouts are under way than can end soon.";

    private static string Name(Verdict verdict) => verdict.ToString().ToLowerInvariant();

    private static KeyValuePair<string, object?> Reason(Verdict verdict) => new("reason", Name(verdict));

    private sealed record LastRefusal(Verdict Verdict, long At);
}
