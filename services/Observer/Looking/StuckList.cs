using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.State;
using Checkout.Observer.Reading;
using Npgsql;

namespace Checkout.Observer.Looking;

public sealed record StuckPage(
    [property: Field("What they wait for, and how many.")] IReadOnlyList<StuckCount> WaitsFor,
    [property: Field("The oldest first.")] IReadOnlyList<CheckoutLine> Checkouts);

/// <summary>Checkouts whose next event is due for too long.</summary>
public static class StuckList
{
    /// <param name="waitsFor">A service; null for all.</param>
    public static async Task<StuckPage> ReadAsync(NpgsqlConnection connection, TimeSpan stuckAfter, string? waitsFor,
        int limit, CancellationToken cancellation)
    {
        List<StuckCount> counts = [];
        List<CheckoutLine> found = [];
        var trip = new RoundTrip();
        trip.Read(
            """
            SELECT waits_for, count(*) FROM checkouts CROSS JOIN audit a
            WHERE waits_for IS NOT NULL AND last_at < a.frontier - $1 GROUP BY waits_for ORDER BY waits_for
            """, row => counts.Add(new(row.GetString(0), row.GetInt64(1))), RoundTrip.Value(stuckAfter));
        trip.Read(
            $"""
            SELECT {StoryRows.Columns} FROM checkouts CROSS JOIN audit a
            WHERE waits_for IS NOT NULL AND last_at < a.frontier - $1 AND ($2::text IS NULL OR waits_for = $2)
            ORDER BY last_at LIMIT $3
            """, row => found.Add(Statement.LineOf(StoryRows.Of(row))), RoundTrip.Value(stuckAfter),
            RoundTrip.Value(waitsFor), RoundTrip.Value(limit));
        await trip.RunAsync(connection, cancellation);
        return new(counts, found);
    }
}
