using Checkout.Chassis.Telemetry;

namespace Checkout.LogTailer.Operating;

/// <summary>How far each store's topic is: GET /internal/progress, where /metrics is.</summary>
/// <param name="Topic">Null before the store was read.</param>
/// <param name="State">As in the metric logtailer.state; <paramref name="Reason"/> says why.</param>
/// <param name="Acknowledged">
/// Up to this position of the store Kafka has everything; null from a process that does not publish it. A second old at
/// most.
/// </param>
/// <param name="Head">The store's last position.</param>
public sealed record StoreProgress(string Name, string? Topic, string State, string Reason, long? Acknowledged,
    long? Head);

public sealed record TailsProgress(IReadOnlyList<StoreProgress> Stores)
{
    public static void Map(WebApplication app) =>
        app.MapProgress(metricsPolicy: null, (IReadOnlyList<TailStatus> tails) => Of(tails));

    private static TailsProgress Of(IReadOnlyList<TailStatus> tails) => new([.. tails.Select(tail =>
    {
        var (state, reason) = tail.Now;
        return new StoreProgress(tail.Store, tail.Topic, state.ToString().ToLowerInvariant(), reason,
            tail.Lag.AcknowledgedTo, tail.Lag.Head);
    })]);
}
