using Checkout.LogTailer.Verifying;
using Dapper;
using Npgsql;

namespace Checkout.Local.Demo;

/// <summary>What must hold over all services when nothing is under way; each with what is wrong, or null.</summary>
public static class Invariants
{
    public const string NothingParked = "nothing is parked";

    private const string FirstParked =
        """
        SELECT format('%s/%s position %s: %s', topic, partition, position, reason) FROM parked ORDER BY id LIMIT 1
        """;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    public static async Task<IReadOnlyList<(string Name, string? Fault)>> CheckAsync(
        RunningSystem system, CancellationToken stop) =>
    [
        .. await CheckStatesAsync(system, stop),
        .. (await TopicsCheck.VerifyAsync(system, stop)).Select(topic =>
            ($"{topic.Topic} holds {topic.Store}'s {topic.Events} events, each once and in order", FaultOf(topic))),
    ];

    /// <summary>What must hold in the databases.</summary>
    public static async Task<IReadOnlyList<(string Name, string? Fault)>> CheckStatesAsync(
        RunningSystem system, CancellationToken stop)
    {
        await using var store = await OpenAsync(system, "store", stop);
        await using var balance = await OpenAsync(system, "balance", stop);
        await using var inventory = await OpenAsync(system, "inventory", stop);
        return
        [
            ("every checkout has ended", await EveryCheckoutEndsAsync(store, stop)),
            ("every checkout ended once", await EndedOnceAsync(store)),
            ("coins are conserved", await CoinsConservedAsync(balance)),
            ("stock is exact", await StockExactAsync(inventory)),
            ("completed checkouts, and no others, have an avatar and were paid",
                await PaidAndAssignedAsync(store, balance, inventory)),
            (NothingParked, await NothingParkedAsync(store, balance, inventory)),
        ];
    }

    private static string? FaultOf(Verdict topic) =>
        topic.Difference ?? (topic.Duplicates > 0 ? $"{topic.Duplicates} records are duplicates" : null);

    private static async Task<NpgsqlConnection> OpenAsync(RunningSystem system, string database, CancellationToken stop)
    {
        var connection = new NpgsqlConnection(system.Database(database));
        await connection.OpenAsync(stop);
        return connection;
    }

    /// <summary>What is under way has until its refund to end.</summary>
    private static async Task<string?> EveryCheckoutEndsAsync(NpgsqlConnection store, CancellationToken stop)
    {
        for (var until = DateTime.UtcNow + Settling; ; await Task.Delay(PollInterval, stop))
        {
            var underWay = await store.ExecuteScalarAsync<long>(
                "SELECT count(*) FROM checkouts WHERE ended_at IS NULL");
            if (underWay == 0) return null;
            if (DateTime.UtcNow > until) return $"{underWay} are still under way after {Settling.TotalSeconds:F0} s";
        }
    }

    private static Task<string?> EndedOnceAsync(NpgsqlConnection store) => store.ExecuteScalarAsync<string?>(
        """
        WITH told AS (
            SELECT correlation_id,
                   count(*) FILTER (WHERE type LIKE '%.CheckoutCreated') AS created,
                   count(*) FILTER (WHERE type LIKE '%.CheckoutCompleted') AS completed,
                   count(*) FILTER (WHERE type LIKE '%.CheckoutFailed') AS failed,
                   count(*) FILTER (WHERE type LIKE '%.CheckoutRefunded') AS refunded
            FROM events WHERE correlation_id IS NOT NULL GROUP BY correlation_id)
        SELECT format('checkout %s: %s created, %s completed, %s failed, %s refunded, state %s',
                correlation_id, created, completed, failed, refunded, status)
        FROM told FULL JOIN checkouts ON checkout_id::text = correlation_id
        WHERE (status, created, completed, failed, refunded) NOT IN
            (('Completed', 1, 1, 0, 0), ('Failed', 1, 0, 1, 0), ('Refunded', 1, 0, 1, 1))
          OR status IS NULL OR created IS NULL
        LIMIT 1
        """);

    private static async Task<string?> CoinsConservedAsync(NpgsqlConnection balance)
    {
        var (given, held, spent) = await balance.QuerySingleAsync<(decimal, decimal, decimal)>(
            """
            SELECT (SELECT coalesce(sum(coins), 0) FROM
                       (SELECT coins FROM credits UNION ALL SELECT coins FROM compensations) AS given),
                   (SELECT coalesce(sum(coins), 0) FROM accounts),
                   (SELECT coalesce(sum(coins), 0) FROM deductions WHERE NOT refunded)
            """);
        return given == held + spent ? null : $"{given} were given, but {held} are held and {spent} spent";
    }

    private static Task<string?> StockExactAsync(NpgsqlConnection inventory) => inventory.ExecuteScalarAsync<string?>(
        """
        SELECT format('%s: %s delivered, %s owned, %s left', sku, delivered, owned, available)
        FROM (SELECT sku, available,
            (SELECT coalesce(sum(quantity), 0) FROM deliveries d WHERE d.sku = s.sku) AS delivered,
                     (SELECT count(*) FROM ownership o WHERE o.sku = s.sku) AS owned FROM stock s) AS sums
        WHERE delivered <> owned + available LIMIT 1
        """);

    private static async Task<string?> PaidAndAssignedAsync(
        NpgsqlConnection store, NpgsqlConnection balance, NpgsqlConnection inventory)
    {
        var completed = (await store.QueryAsync<Guid>(
            "SELECT checkout_id FROM checkouts WHERE status = 'Completed'")).ToHashSet();
        var paid = (await balance.QueryAsync<Guid>(
            "SELECT checkout_id FROM deductions WHERE NOT refunded")).ToHashSet();
        var assigned = (await inventory.QueryAsync<Guid>("SELECT checkout_id FROM ownership")).ToHashSet();
        return completed.SetEquals(paid) && completed.SetEquals(assigned) ? null
            : $"{completed.Count} are completed, {paid.Count} paid, {assigned.Count} assigned; " +
              $"the first that differs is {completed.Union(paid).Union(assigned).First(Differs)}";

        bool Differs(Guid id) => !completed.Contains(id) || !paid.Contains(id) || !assigned.Contains(id);
    }

    private static async Task<string?> NothingParkedAsync(params NpgsqlConnection[] databases)
    {
        foreach (var database in databases)
            if (await database.ExecuteScalarAsync<string?>(FirstParked) is { } parked)
                return $"{database.Database} has {parked}";
        return null;
    }
}
