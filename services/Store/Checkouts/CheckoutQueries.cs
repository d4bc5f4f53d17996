using Checkout.Store.Checkouts.Following;
using Dapper;
using Npgsql;

namespace Checkout.Store.Checkouts;

/// <summary>Reads for the edge: a checkout with everything that is known to have happened to it.</summary>
public sealed class CheckoutQueries(NpgsqlDataSource database, Followers followers, TimeProvider time)
{
    /// <summary>Null where this customer has no such checkout.</summary>
    /// <param name="customerId">Null for anybody's.</param>
    public async Task<CheckoutView?> FindAsync(Guid checkoutId, string? customerId, CancellationToken cancellation) =>
        (await StoryAsync(checkoutId, customerId, cancellation))?.View(time.GetUtcNow().UtcDateTime);

    /// <summary>
    /// Null where this customer has no such checkout. One statement, and so one snapshot: the row says what its events
    /// made of it, and no less. What another service told may have come by and not be written down yet.
    /// </summary>
    /// <param name="customerId">Null for anybody's.</param>
    public async Task<CheckoutStory?> StoryAsync(Guid checkoutId, string? customerId, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = (await connection.QueryAsync<CheckoutRow, StepRow, (CheckoutRow Checkout, StepRow? Step)>(
            new CommandDefinition(
            """
            SELECT c.sku AS "Sku", c.price_coins AS "PriceCoins", c.status AS "Status", c.reason AS "Reason",
                   c.created_at AS "CreatedAt", c.expires_at AS "ExpiresAt", c.ended_at AS "EndedAt",
                   s.event_id AS "EventId", s.type AS "Type", s.source AS "Source", s.occurred_at AS "At",
                   s.traceparent AS "TraceParent", s.position AS "Position"
            FROM checkouts c LEFT JOIN LATERAL (
                SELECT event_id, type, own.source, occurred_at, traceparent, position
                FROM events CROSS JOIN (SELECT source FROM head) AS own WHERE correlation_id = @correlation
                UNION ALL
                SELECT event_id, type, source, occurred_at, NULL, NULL
                FROM observations WHERE checkout_id = @checkoutId) s ON true
            WHERE c.checkout_id = @checkoutId AND (@customerId::text IS NULL OR c.customer_id = @customerId)
            """, new { checkoutId, customerId, correlation = checkoutId.ToString() }, cancellationToken: cancellation),
            (checkout, step) => (checkout, step), splitOn: "EventId")).ToList();
        if (rows.Count == 0) return null;
        var steps = rows.Select(row => row.Step).OfType<StepRow>().OrderBy(step => step.Position ?? long.MaxValue)
            .ToList();
        return new CheckoutStory(checkoutId, rows[0].Checkout, steps.ConvertAll(step => step.Step),
            steps.Select(step => step.TraceParent).FirstOrDefault(trace => trace is not null))
            .With(followers.Lately(checkoutId).Where(step => !step.IsOwn));
    }

    /// <param name="Position">In Store's own chain; null for what another service told.</param>
    private sealed record StepRow(Guid EventId, string Type, string Source, DateTime At, string? TraceParent,
        long? Position)
    {
        public Step Step => new(EventId, Type, Source, At, IsOwn: Position is not null);
    }
}
