namespace Checkout.Chassis.Telemetry;

public static class TelemetryNames
{
    /// <summary>Activity source and meter of the shared plumbing.</summary>
    public const string Chassis = "Checkout.Chassis";

    /// <summary>Seconds; the buckets that the messaging conventions advise.</summary>
    public static readonly IReadOnlyList<double> DurationBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5,
        0.75, 1, 2.5, 5, 7.5, 10];
}
