using System.Diagnostics;
using System.Diagnostics.Metrics;
using avatarstore.store;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Telemetry;

namespace Checkout.Store.Checkouts;

/// <summary>
/// What operators count of checkouts: those that were accepted, those that ended and how, and how long they took. Told
/// by the instance that committed it, after the commit, so that the sum over instances is what happened.
/// </summary>
public sealed class CheckoutMeasures
{
    private const string StateLabel = "state";

    /// <summary>Seconds: those of a system that goes on, and those of an outage, to the deadline.</summary>
    private static readonly double[] Buckets = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private const string DurationSays = "From a checkout's creation to its end.";
    private static readonly CheckoutStatus[] Ends =
        [CheckoutStatus.Completed, CheckoutStatus.Failed, CheckoutStatus.Refunded];

    /// <summary>As it is told before the first checkout ends.</summary>
    public static readonly ToldHistogram Duration = new("checkouts_duration_seconds", "seconds", DurationSays, Buckets,
        StateLabel, [.. Ends.Select(Name)], "checkouts_created_total");

    private readonly CheckoutOptions _options;
    private readonly Counter<long> _created;
    private readonly Counter<long> _ended;
    private readonly Histogram<double> _duration;

    public CheckoutMeasures(CheckoutOptions options, IMeterFactory meters)
    {
        _options = options;
        var meter = meters.Create(TelemetryNames.Chassis);
        _created = meter.CreateCounter<long>("checkouts.created", "{checkout}", "Checkouts accepted.");
        _ended = meter.CreateCounter<long>("checkouts.ended", "{checkout}",
            "Checkouts that ended, by how, and whether later than Checkouts:Objective.");
        _duration = meter.CreateHistogram("checkouts.duration", "s", DurationSays, null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = Buckets });
        _created.Add(0);
        foreach (var state in Ends)
            foreach (var isLate in new[] { false, true }) _ended.Add(0, State(state), Late(isLate));
    }

    public void Committed(StoreRows rows, Work<StoreRows> work)
    {
        foreach (var told in work.Events)
            switch (told)
            {
                case CheckoutCreated:
                    _created.Add(1);
                    break;
                case CheckoutCompleted completed:
                    Ended(rows.Checkouts[completed.CheckoutId], work.Span);
                    break;
                case CheckoutFailed { RefundDue: false } failed:
                    Ended(rows.Checkouts[failed.CheckoutId], work.Span);
                    break;
                case CheckoutRefunded refunded:
                    Ended(rows.Checkouts[refunded.CheckoutId], work.Span);
                    break;
            }
    }

    /// <summary>Within the span of the step that ended it: its trace is the exemplar's.</summary>
    private void Ended(CheckoutState? checkout, Activity? span)
    {
        if (checkout is not { EndedAt: { } endedAt }) return;
        using var scope = ReactorTelemetry.Within(span);
        // Two instances may have given the times, and their clocks be apart.
        var took = endedAt > checkout.CreatedAt ? endedAt - checkout.CreatedAt : TimeSpan.Zero;
        _ended.Add(1, State(checkout.Status), Late(took > _options.Objective));
        _duration.Record(took.TotalSeconds, State(checkout.Status));
    }

    private static KeyValuePair<string, object?> State(CheckoutStatus status) => new(StateLabel, Name(status));

    private static string Name(CheckoutStatus status) => status.ToString().ToLowerInvariant();

    private static KeyValuePair<string, object?> Late(bool isLate) => new("late", isLate ? "true" : "false");
}
