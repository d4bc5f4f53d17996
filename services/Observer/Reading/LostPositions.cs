using System.Globalization;
using Checkout.Chassis.Operating;
using Checkout.Chassis.State;
using Checkout.Observer.Auditing;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Observer.Reading;

/// <summary>
/// Positions that were given and lost with a store's database: whoever refilled the store wrote them down, and why. A
/// hole that lies in them is nobody's fault and is missing no more; where some position of it is not among them, it is
/// a violation still.
/// </summary>
public sealed class LostPositions(NpgsqlDataSource database)
{
    private const string Who = "refill";

    /// <summary>Settles what was found and is explained, in the words of the refill.</summary>
    /// <param name="now">UTC.</param>
    /// <returns>How many violations.</returns>
    public async Task<long> SettleAsync(string topic, IReadOnlyCollection<LostProgress> lost, DateTime now,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var (settled, some) = (0L, false);
        var trip = new RoundTrip();
        trip.Read("SELECT EXISTS (SELECT FROM holes WHERE topic = $1 AND NOT is_lost)",
            row => some = row.GetBoolean(0), RoundTrip.Value(topic));
        await trip.RunAsync(connection, cancellation);
        if (!some) return 0;
        trip = new();
        trip.Write("BEGIN");
        // As a batch does, so that no other writes meanwhile.
        trip.Read("SELECT 1 FROM stores ORDER BY topic FOR UPDATE", _ => { });
        trip.Read(
            """
            WITH lost AS (
                SELECT range_agg(int8range(first, last, '[]')) AS ranges FROM unnest($2, $3) AS k(first, last)),
            explained AS (
                UPDATE holes h SET is_lost = true FROM lost
                WHERE h.topic = $1 AND NOT h.is_lost AND int8range(h.first, h.last, '[]') <@ lost.ranges
                RETURNING h.first, h.last - h.first + 1 AS positions),
            missing AS (
                UPDATE stores SET missing = missing - (SELECT sum(positions) FROM explained)
                WHERE topic = $1 AND EXISTS (SELECT FROM explained)),
            settled AS (
                UPDATE violations v SET settled_at = $4, who = $5, why = $6 FROM explained
                WHERE v.kind = $7 AND v.subject = $1 || ' ' || explained.first AND v.settled_at IS NULL
                RETURNING v.id)
            SELECT count(*) FROM settled
            """, row => settled = row.GetInt64(0),
            RoundTrip.Value(topic), RoundTrip.Array(lost.Select(range => range.First), NpgsqlDbType.Bigint),
            RoundTrip.Array(lost.Select(range => range.Last), NpgsqlDbType.Bigint), RoundTrip.Value(now),
            RoundTrip.Value(Who), RoundTrip.Value(WhyOf(lost)), RoundTrip.Value(Kinds.PositionMissing));
        trip.Write("COMMIT");
        await trip.RunAsync(connection, cancellation);
        return settled;
    }

    /// <summary>All ranges are of the store's last refill.</summary>
    private static string WhyOf(IReadOnlyCollection<LostProgress> lost)
    {
        var refill = lost.First();
        return string.Create(CultureInfo.InvariantCulture, $"lost with the database before anybody saw their events, "
            + $"says the refill of {refill.RefilledAt:u} by {refill.Who}: {refill.Why}");
    }
}
