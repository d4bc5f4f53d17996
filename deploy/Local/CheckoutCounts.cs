using Dapper;
using Npgsql;

namespace Checkout.Local;

/// <summary>
/// How many checkouts there are of each status. Looks only at what came since it looked last, and at those that have
/// not ended.
/// </summary>
internal sealed class CheckoutCounts(string connectionString)
{
    private const string Failed = "avatarstore.store.CheckoutFailed";

    private readonly Dictionary<string, long> _told = [];
    private long _after;

    /// <summary>In a sentence; also where the database does not answer.</summary>
    public async Task<string> NowAsync(CancellationToken stop)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            // One statement, and so one moment.
            var rows = await connection.QueryAsync<(string? Type, string? Status, long Count, long Last)>(
                new CommandDefinition(
                """
                SELECT type, NULL, count(*), max(position) FROM events
                    WHERE position > @_after AND correlation_id IS NOT NULL GROUP BY type
                UNION ALL
                SELECT NULL, status, count(*), 0 FROM checkouts WHERE ended_at IS NULL GROUP BY status
                """, new { _after }, cancellationToken: stop));
            var underWay = new Dictionary<string, long>();
            foreach (var (type, status, count, last) in rows)
            {
                if (status is not null) underWay[status] = count;
                if (type is null) continue;
                _told[type] = _told.GetValueOrDefault(type) + count;
                _after = Math.Max(_after, last);
            }
            return Sentence(underWay);
        }
        catch (NpgsqlException e)
        {
            return $"The database does not answer: {e.Message}";
        }
    }

    private string Sentence(Dictionary<string, long> underWay)
    {
        var (refunded, due) = (
            _told.GetValueOrDefault("avatarstore.store.CheckoutRefunded"), underWay.GetValueOrDefault("RefundDue"));
        (string Status, long Count)[] counts =
        [
            ("Completed", _told.GetValueOrDefault("avatarstore.store.CheckoutCompleted")),
            // A failed checkout that owes a refund is another's count, until it is refunded and after.
            ("Failed", _told.GetValueOrDefault(Failed) - refunded - due),
            ("Pending", underWay.GetValueOrDefault("Pending")),
            ("RefundDue", due),
            ("Refunded", refunded),
        ];
        var text = string.Join(", ", counts.Where(c => c.Count > 0).Select(c => $"{c.Count} {c.Status}"));
        return text.Length > 0 ? $"Checkouts: {text}" : "No checkouts yet";
    }
}
