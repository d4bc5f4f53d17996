using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.State;
using Npgsql;

namespace Checkout.Observer.Looking;

public sealed record StuckCount(
    [property: Field("The service whose event is due.", Example = "balance")] string WaitsFor,
    [property: Field("Checkouts that wait for it for too long.", Example = 2)] long Checkouts);

public sealed record StateCount(
    [property: Field("pending, funded, refundDue, completed, failed or refunded.", Example = "completed")] string State,
    [property: Field("How many.", Example = 12_408)] long Checkouts);

public sealed record EventCount(
    [property: Field("The topic.", Example = "store.checkouts")] string Topic,
    [property: Field("The event.", Example = "CheckoutCreated")] string Event,
    [property: Field("How many were judged.", Example = 12_500)] long Events);

public sealed record KindCount(
    [property: Field("What is wrong.", Example = "balance-does-not-follow")] string Kind,
    [property: Field("How many that nobody has settled.", Example = 0)] long Open);

public sealed record SummaryAnswer(
    [property: Field("Checkouts that ended with an avatar.", Example = 12_408)] long Purchases,
    [property: Field("Violations that nobody has settled.", Example = 0)] long Wrong,
    [property: Field("Since the last event of the checkout that waits longest; 0 where none waits.",
        Example = 1)] double OldestWaitingSeconds,
    [property: Field("So old is what the audit says; null before it has read all.", Example = 1)]
    double? AuditAgeSeconds,
    [property: Field("When the audit last moved.", Example = "2026-01-02T03:04:05.678901Z")] DateTime AuditMovedAt,
    [property: Field("Coins that were taken, and for which there is neither an avatar nor a refund yet.",
        Example = 500)] long CoinsPaidNotDelivered,
    [property: Field("How many checkouts are in each state.")] IReadOnlyList<StateCount> Checkouts,
    [property: Field("What checkouts wait for, for too long.")] IReadOnlyList<StuckCount> Stuck,
    [property: Field("Violations that nobody has settled.")] IReadOnlyList<KindCount> Violations,
    [property: Field("Events judged.")] IReadOnlyList<EventCount> Events,
    [property: Field("Records read that were on the topics already.", Example = 0)] long Duplicates,
    [property: Field("Records that are no event of their topic's owner, or can't be decoded.", Example = 0)]
    long Strangers);

/// <summary>The figures of everything, from the Observer's database.</summary>
public static class Summary
{
    /// <param name="stuckAfter">A checkout whose next event is due for longer is stuck.</param>
    /// <param name="now">UTC.</param>
    public static async Task<SummaryAnswer> ReadAsync(NpgsqlConnection connection, TimeSpan stuckAfter, DateTime now,
        CancellationToken cancellation)
    {
        DateTime? frontier = null;
        var movedAt = now;
        List<StateCount> states = [];
        List<StuckCount> stuck = [];
        List<KindCount> kinds = [];
        List<EventCount> events = [];
        var (duplicates, strangers, oldest, paid) = (0L, 0L, 0.0, 0L);
        var trip = new RoundTrip();
        trip.Read("SELECT frontier, moved_at FROM audit", row =>
            (frontier, movedAt) = (row.IsDBNull(0) ? null : row.GetDateTime(0), row.GetDateTime(1)));
        trip.Read("SELECT state, checkouts FROM states ORDER BY state",
            row => states.Add(new(row.GetString(0), row.GetInt64(1))));
        trip.Read("SELECT kind, count(*) FROM violations WHERE settled_at IS NULL GROUP BY kind ORDER BY kind",
            row => kinds.Add(new(row.GetString(0), row.GetInt64(1))));
        trip.Read("SELECT topic, type, events FROM counts ORDER BY topic, type",
            row => events.Add(new(row.GetString(0), row.GetString(1), row.GetInt64(2))));
        trip.Read("SELECT coalesce(sum(duplicates), 0)::bigint, coalesce(sum(strangers), 0)::bigint FROM reading",
            row => (duplicates, strangers) = (row.GetInt64(0), row.GetInt64(1)));
        // As it was when all was read last: what is not read yet may have ended it.
        trip.Read(
            """
            SELECT waits_for, count(*) FILTER (WHERE a.frontier - last_at > $1), coalesce(
                extract(epoch FROM max(a.frontier - last_at)), 0)::float8,
                coalesce(sum(deducted_coins - refunded_coins) FILTER (WHERE seen & 8 = 0), 0)::bigint
            FROM checkouts CROSS JOIN audit a WHERE waits_for IS NOT NULL GROUP BY waits_for
            """,
            row =>
            {
                if (row.GetInt64(1) > 0) stuck.Add(new(row.GetString(0), row.GetInt64(1)));
                oldest = Math.Max(oldest, row.GetDouble(2));
                paid += row.GetInt64(3);
            }, RoundTrip.Value(stuckAfter));
        await trip.RunAsync(connection, cancellation);
        return new(states.Find(s => s.State == "completed")?.Checkouts ?? 0, kinds.Sum(k => k.Open), oldest,
            frontier is { } at ? Math.Max(0, (now - at).TotalSeconds) : null, movedAt, paid, states, stuck, kinds,
            events, duplicates, strangers);
    }
}
