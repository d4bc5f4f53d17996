using avatarstore;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;
using Dapper;
using Npgsql;

namespace Checkout.Store;

/// <summary>The SQL of StoreBatch, a statement for each kind of row and not for each row. DDL: Migrations/0101_checkouts.sql.</summary>
internal static class StoreTables
{
    public static Task<IEnumerable<Package>> LockPackagesAsync(NpgsqlConnection connection, string[] skus, CancellationToken cancellation) =>
        PackagesAsync(connection, "SELECT sku, name, price_coins FROM packages WHERE sku = ANY(@skus) ORDER BY sku FOR UPDATE", skus, cancellation);

    public static Task<IEnumerable<Package>> ReadPackagesAsync(NpgsqlConnection connection, string[] skus, CancellationToken cancellation) =>
        PackagesAsync(connection, "SELECT sku, name, price_coins FROM packages WHERE sku = ANY(@skus)", skus, cancellation);

    private static async Task<IEnumerable<Package>> PackagesAsync(NpgsqlConnection connection, string sql, string[] skus, CancellationToken cancellation) =>
        (await connection.QueryAsync<(string Sku, string Name, long PriceCoins)>(new CommandDefinition(sql, new { skus }, cancellationToken: cancellation)))
        .Select(row => new Package(row.Sku, row.Name, row.PriceCoins));

    public static async Task<IEnumerable<CheckoutState>> LockCheckoutsAsync(NpgsqlConnection connection, Guid[] ids, CancellationToken cancellation) =>
        (await connection.QueryAsync<CheckoutRow>(new CommandDefinition(
            """
            SELECT checkout_id AS "CheckoutId", customer_id AS "CustomerId", sku AS "Sku", price_coins AS "PriceCoins", status AS "Status", reason AS "Reason",
                   created_at AS "CreatedAt", expires_at AS "ExpiresAt", ended_at AS "EndedAt"
            FROM checkouts WHERE checkout_id = ANY(@ids) ORDER BY checkout_id FOR UPDATE
            """, new { ids }, cancellationToken: cancellation))).Select(row => row.ToState());

    public static Task InsertPostsAsync(NpgsqlConnection connection, IReadOnlyList<CreateCheckout> posts, CancellationToken cancellation) =>
        posts.Count == 0 ? Task.CompletedTask : RunAsync(connection,
            """
            INSERT INTO posts (customer_id, idempotency_key, sku, checkout_id)
            SELECT customer_id, idempotency_key, sku, checkout_id FROM unnest(@Customers, @Keys, @Skus, @Ids) WITH ORDINALITY
                 AS p(customer_id, idempotency_key, sku, checkout_id, ordinal) ORDER BY ordinal
            ON CONFLICT DO NOTHING
            """,
            new
            {
                Customers = posts.Select(p => p.CustomerId).ToArray(),
                Keys = posts.Select(p => p.IdempotencyKey).ToArray(),
                Skus = posts.Select(p => p.Sku).ToArray(),
                Ids = posts.Select(p => p.CheckoutId).ToArray(),
            }, cancellation);

    public static async Task<IEnumerable<(string CustomerId, string Key, Guid CheckoutId, string Sku)>> ReadPostsAsync(
        NpgsqlConnection connection, IReadOnlyList<CreateCheckout> posts, CancellationToken cancellation) =>
        await connection.QueryAsync<(string, string, Guid, string)>(new CommandDefinition(
            "SELECT customer_id, idempotency_key, checkout_id, sku FROM posts WHERE (customer_id, idempotency_key) IN (SELECT * FROM unnest(@Customers, @Keys))",
            new { Customers = posts.Select(p => p.CustomerId).ToArray(), Keys = posts.Select(p => p.IdempotencyKey).ToArray() }, cancellationToken: cancellation));

    public static Task InsertCheckoutsAsync(NpgsqlConnection connection, IReadOnlyList<CheckoutState> checkouts, CancellationToken cancellation) =>
        checkouts.Count == 0 ? Task.CompletedTask : RunAsync(connection,
            """
            INSERT INTO checkouts (checkout_id, customer_id, sku, price_coins, created_at, expires_at, status, reason, ended_at)
            SELECT * FROM unnest(@Ids, @Customers, @Skus, @Prices, @Created, @Expires, @Statuses, @Reasons, @Ended)
            """,
            new
            {
                Ids = checkouts.Select(c => c.CheckoutId).ToArray(),
                Customers = checkouts.Select(c => c.CustomerId).ToArray(),
                Skus = checkouts.Select(c => c.Sku).ToArray(),
                Prices = checkouts.Select(c => c.PriceCoins).ToArray(),
                Created = checkouts.Select(c => c.CreatedAt).ToArray(),
                Expires = checkouts.Select(c => c.ExpiresAt).ToArray(),
                Statuses = checkouts.Select(c => c.Status.ToString()).ToArray(),
                Reasons = checkouts.Select(c => c.Reason?.ToString()).ToArray(),
                Ended = checkouts.Select(c => c.EndedAt).ToArray(),
            }, cancellation);

    public static Task UpdateCheckoutsAsync(NpgsqlConnection connection, IReadOnlyList<CheckoutState> checkouts, CancellationToken cancellation) =>
        checkouts.Count == 0 ? Task.CompletedTask : RunAsync(connection,
            """
            UPDATE checkouts SET status = c.status, reason = c.reason, ended_at = c.ended_at
            FROM unnest(@Ids, @Statuses, @Reasons, @Ended) AS c(checkout_id, status, reason, ended_at) WHERE checkouts.checkout_id = c.checkout_id
            """,
            new
            {
                Ids = checkouts.Select(c => c.CheckoutId).ToArray(),
                Statuses = checkouts.Select(c => c.Status.ToString()).ToArray(),
                Reasons = checkouts.Select(c => c.Reason?.ToString()).ToArray(),
                Ended = checkouts.Select(c => c.EndedAt).ToArray(),
            }, cancellation);

    public static Task InsertPackagesAsync(NpgsqlConnection connection, IReadOnlyList<Package> packages, CancellationToken cancellation) =>
        packages.Count == 0 ? Task.CompletedTask : RunAsync(connection,
            "INSERT INTO packages (sku, name, price_coins) SELECT * FROM unnest(@Skus, @Names, @Prices)", Columns(packages), cancellation);

    public static Task UpdatePackagesAsync(NpgsqlConnection connection, IReadOnlyList<Package> packages, CancellationToken cancellation) =>
        packages.Count == 0 ? Task.CompletedTask : RunAsync(connection,
            "UPDATE packages SET price_coins = p.price_coins FROM unnest(@Skus, @Names, @Prices) AS p(sku, name, price_coins) WHERE packages.sku = p.sku",
            Columns(packages), cancellation);

    public static Task InsertObservationsAsync(NpgsqlConnection connection, IReadOnlyList<HeardOf> heard, CancellationToken cancellation) =>
        heard.Count == 0 ? Task.CompletedTask : RunAsync(connection,
            "INSERT INTO observations (event_id, checkout_id, type, source, occurred_at) SELECT * FROM unnest(@Events, @Checkouts, @Types, @Sources, @Times)",
            new
            {
                Events = heard.Select(h => h.Event.EventId).ToArray(),
                Checkouts = heard.Select(h => h.CheckoutId).ToArray(),
                Types = heard.Select(h => h.Event.Type).ToArray(),
                Sources = heard.Select(h => h.Event.Source).ToArray(),
                Times = heard.Select(h => h.Event.OccurredAt).ToArray(),
            }, cancellation);

    private static object Columns(IReadOnlyList<Package> packages) => new
    {
        Skus = packages.Select(p => p.Sku).ToArray(),
        Names = packages.Select(p => p.Name).ToArray(),
        Prices = packages.Select(p => p.PriceCoins).ToArray(),
    };

    private static Task RunAsync(NpgsqlConnection connection, string sql, object parameters, CancellationToken cancellation) =>
        connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: cancellation));

    private sealed record CheckoutRow(
        Guid CheckoutId, string CustomerId, string Sku, long PriceCoins, string Status, string? Reason, DateTime CreatedAt, DateTime ExpiresAt, DateTime? EndedAt)
    {
        public CheckoutState ToState() => new(CheckoutId, CustomerId, Sku, PriceCoins, Enum.Parse<CheckoutStatus>(Status),
            Reason is null ? null : Enum.Parse<Reason>(Reason), CreatedAt, ExpiresAt, EndedAt);
    }
}
