using Checkout.Chassis.State;
using Checkout.Observer.Auditing;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Observer.Reading;

/// <summary>The table checkouts. What can be derived is written, for queries, and never read back.</summary>
internal static class StoryRows
{
    public const string Columns = "checkout_id, customer_id, sku, price_coins, created_at, expires_at, seen, "
        + "deducted_coins, refunded_coins, refund_due, told_coins, decided_at, reason, ended_at, last_at, odd_since";

    public static void Read(RoundTrip trip, IEnumerable<Guid> of, Action<Story> found)
    {
        var ids = of.Distinct().ToList();
        if (ids.Count == 0) return;
        trip.Read(
            $"""
            SELECT {Columns} FROM unnest($1) AS k(id)
            CROSS JOIN LATERAL (SELECT * FROM checkouts t WHERE t.checkout_id = k.id) c
            """, row => found(Of(row)), RoundTrip.Array(ids, NpgsqlDbType.Uuid));
    }

    public static Story Of(NpgsqlDataReader row) => new(row.GetGuid(0))
    {
        CustomerId = row.IsDBNull(1) ? null : row.GetString(1),
        Sku = row.IsDBNull(2) ? null : row.GetString(2),
        PriceCoins = row.IsDBNull(3) ? null : row.GetInt64(3),
        CreatedAt = TimeOf(row, 4),
        ExpiresAt = TimeOf(row, 5),
        Seen = (Steps)row.GetInt32(6),
        DeductedCoins = row.GetInt64(7),
        RefundedCoins = row.GetInt64(8),
        RefundDue = row.IsDBNull(9) ? null : row.GetBoolean(9),
        ToldRefundCoins = row.IsDBNull(10) ? null : row.GetInt64(10),
        DecidedAt = TimeOf(row, 11),
        Reason = row.IsDBNull(12) ? null : row.GetString(12),
        EndedAt = TimeOf(row, 13),
        LastAt = row.GetDateTime(14),
        OddSince = TimeOf(row, 15),
    };

    public static void Write(RoundTrip trip, IReadOnlyList<Story> stories)
    {
        if (stories.Count == 0) return;
        trip.Write(
            $"""
            INSERT INTO checkouts ({Columns}, state, waits_for)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            ON CONFLICT (checkout_id) DO UPDATE SET customer_id = excluded.customer_id, sku = excluded.sku,
                price_coins = excluded.price_coins, created_at = excluded.created_at,
                expires_at = excluded.expires_at, seen = excluded.seen, deducted_coins = excluded.deducted_coins,
                refunded_coins = excluded.refunded_coins, refund_due = excluded.refund_due,
                told_coins = excluded.told_coins, decided_at = excluded.decided_at, reason = excluded.reason,
                ended_at = excluded.ended_at, last_at = excluded.last_at, odd_since = excluded.odd_since,
                state = excluded.state, waits_for = excluded.waits_for
            """,
            RoundTrip.Array(stories.Select(s => s.CheckoutId), NpgsqlDbType.Uuid),
            RoundTrip.Array(stories.Select(s => s.CustomerId), NpgsqlDbType.Text),
            RoundTrip.Array(stories.Select(s => s.Sku), NpgsqlDbType.Text),
            RoundTrip.Array(stories.Select(s => s.PriceCoins), NpgsqlDbType.Bigint),
            RoundTrip.Array(stories.Select(s => s.CreatedAt), NpgsqlDbType.TimestampTz),
            RoundTrip.Array(stories.Select(s => s.ExpiresAt), NpgsqlDbType.TimestampTz),
            RoundTrip.Array(stories.Select(s => (int)s.Seen), NpgsqlDbType.Integer),
            RoundTrip.Array(stories.Select(s => s.DeductedCoins), NpgsqlDbType.Bigint),
            RoundTrip.Array(stories.Select(s => s.RefundedCoins), NpgsqlDbType.Bigint),
            RoundTrip.Array(stories.Select(s => s.RefundDue), NpgsqlDbType.Boolean),
            RoundTrip.Array(stories.Select(s => s.ToldRefundCoins), NpgsqlDbType.Bigint),
            RoundTrip.Array(stories.Select(s => s.DecidedAt), NpgsqlDbType.TimestampTz),
            RoundTrip.Array(stories.Select(s => s.Reason), NpgsqlDbType.Text),
            RoundTrip.Array(stories.Select(s => s.EndedAt), NpgsqlDbType.TimestampTz),
            RoundTrip.Array(stories.Select(s => s.LastAt), NpgsqlDbType.TimestampTz),
            RoundTrip.Array(stories.Select(s => s.OddSince), NpgsqlDbType.TimestampTz),
            RoundTrip.Array(stories.Select(s => s.State), NpgsqlDbType.Text),
            RoundTrip.Array(stories.Select(s => s.WaitsFor), NpgsqlDbType.Text));
    }

    private static DateTime? TimeOf(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetDateTime(column);
}
