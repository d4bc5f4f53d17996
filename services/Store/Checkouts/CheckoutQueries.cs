using System.Diagnostics;
using System.Text.Json;
using avatarstore.balance;
using Checkout.Chassis.State;
using Dapper;
using Npgsql;

namespace Checkout.Store.Checkouts;

/// <summary>Reads for the edge: a checkout with everything that is known to have happened to it.</summary>
public sealed class CheckoutQueries(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Null where this customer has no such checkout.</summary>
    /// <param name="customerId">Null for anybody's.</param>
    public async Task<CheckoutView?> FindAsync(Guid checkoutId, string? customerId, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            SELECT sku AS "Sku", price_coins AS "PriceCoins", status AS "Status", reason AS "Reason",
                   created_at AS "CreatedAt", expires_at AS "ExpiresAt", ended_at AS "EndedAt"
            FROM checkouts
            WHERE checkout_id = @checkoutId AND (@customerId::text IS NULL OR customer_id = @customerId);

            SELECT type AS "Type", source AS "Source", occurred_at AS "At", traceparent AS "TraceParent"
            FROM events CROSS JOIN (SELECT source FROM head) AS own
            WHERE correlation_id = @correlation ORDER BY position;

            SELECT type AS "Type", source AS "Source", occurred_at AS "At", NULL AS "TraceParent"
            FROM observations WHERE checkout_id = @checkoutId
            """, new { checkoutId, customerId, correlation = checkoutId.ToString() }, cancellationToken: cancellation));
        if (await results.ReadSingleOrDefaultAsync<CheckoutRow>() is not { } row) return null;
        var told = (await results.ReadAsync<StepRow>()).ToList();
        var heard = (await results.ReadAsync<StepRow>()).ToList();
        return View(checkoutId, row, told, heard);
    }

    private CheckoutView View(Guid checkoutId, CheckoutRow row, List<StepRow> told, List<StepRow> heard)
    {
        var funded = heard.Any(step => step.Name == nameof(BalanceDeducted));
        var (state, waitingFor) = (Symbols.Read<CheckoutStatus>(row.Status), funded) switch
        {
            (CheckoutStatus.Pending, false) => ("pending", CheckoutView.ForFunds),
            (CheckoutStatus.Pending, true) => ("funded", CheckoutView.ForAvatar),
            (CheckoutStatus.RefundDue, _) => ("refundDue", CheckoutView.ForRefund),
            (CheckoutStatus.Completed, _) => ("completed", null),
            (CheckoutStatus.Failed, _) => ("failed", null),
            (CheckoutStatus.Refunded, _) => ("refunded", null),
            // A later version's state, by the name it has there.
            _ => (JsonNamingPolicy.CamelCase.ConvertName(row.Status),
                row.EndedAt is null ? CheckoutView.ForNewerVersion : null),
        };
        var overdue = waitingFor is not null && time.GetUtcNow().UtcDateTime > row.ExpiresAt;
        var trace = told.Select(step => step.TraceParent).FirstOrDefault(t => t is not null);
        return new(checkoutId, row.Sku, row.PriceCoins, state, row.Reason, row.CreatedAt, row.ExpiresAt, row.EndedAt,
            overdue, waitingFor,
            ActivityContext.TryParse(trace, null, out var context) ? context.TraceId.ToString() : null,
            Timeline.InOrder(told.Concat(heard).Select(step => new TimelineEntry(step.Name, step.Source, step.At))))
        {
            TraceParent = trace,
        };
    }

    private sealed record CheckoutRow(string Sku, long PriceCoins, string Status, string? Reason, DateTime CreatedAt,
        DateTime ExpiresAt, DateTime? EndedAt);

    private sealed record StepRow(string Type, string Source, DateTime At, string? TraceParent)
    {
        /// <summary>The event's name without its namespace.</summary>
        public string Name => Type[(Type.LastIndexOf('.') + 1)..];
    }
}
