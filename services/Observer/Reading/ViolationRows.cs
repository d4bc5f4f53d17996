using Checkout.Chassis.State;
using Checkout.Observer.Auditing;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Observer.Reading;

/// <summary>The table violations, with the events that show each as they were when it was found.</summary>
internal static class ViolationRows
{
    /// <summary>
    /// Of a batch; what comes beyond is counted, so that one fault with many consequences stops nothing.
    /// </summary>
    private const int MostOfABatch = 100;

    private const string Shown = "coalesce(jsonb_agg(jsonb_build_object('topic', e.topic, 'partition', e.partition, "
        + "'position', e.position, 'eventId', e.event_id, 'type', e.type, 'at', e.occurred_at, 'causeId', e.cause_id, "
        + "'fields', e.fields) ORDER BY e.read_at, e.topic, e.position), '[]')";

    public static void Write(RoundTrip trip, IReadOnlyList<Finding> findings, DateTime now)
    {
        foreach (var finding in findings.Take(MostOfABatch))
            if (finding.CheckoutId is { } checkoutId)
                Write(trip, finding, now, "WHERE e.checkout_id = $5", RoundTrip.Value(checkoutId));
            else
                Write(trip, finding, now,
                    "JOIN unnest($5, $6) AS k(topic, position) ON k.topic = e.topic AND k.position = e.position",
                    RoundTrip.Array(finding.Places.Select(p => p.Topic), NpgsqlDbType.Text),
                    RoundTrip.Array(finding.Places.Select(p => p.Position), NpgsqlDbType.Bigint));
        if (findings.Count > MostOfABatch)
            trip.Write("UPDATE audit SET uncounted = uncounted + $1",
                RoundTrip.Value((long)(findings.Count - MostOfABatch)));
    }

    private static void Write(RoundTrip trip, Finding finding, DateTime now, string of,
        params ReadOnlySpan<NpgsqlParameter> places) => trip.Write(
        $"""
        INSERT INTO violations AS v (kind, subject, what, first_at, events)
        SELECT $1, $2, $3, $4, (SELECT {Shown} FROM events e {of})
        ON CONFLICT (kind, subject) DO UPDATE SET times = v.times + 1
        """, [RoundTrip.Value(finding.Kind), RoundTrip.Value(finding.Subject), RoundTrip.Value(finding.What),
            RoundTrip.Value(now), .. places]);
}
