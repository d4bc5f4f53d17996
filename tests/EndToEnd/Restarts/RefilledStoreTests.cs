using Checkout.Contracts;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Kills;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Restarts;

/// <summary>A service's database is lost, or is a backup again, in the middle of traffic, and comes back.</summary>
public sealed class RefilledStoreTests : IDisposable
{
    private readonly TestFolder _folder = new("refilled-store");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Databases_that_are_deleted_or_restored_under_load_come_back_by_the_command_that_LogTailer_names()
    {
        await using var system = await TestSystem.StartAsync("refilled-store", TestSystem.Options(_folder));
        var crowd = await Crowd.GatherAsync(system);
        var goesOn = new TaskCompletionSource();
        var posting = crowd.PostAsync(goesOn.Task);

        await crowd.UntilAcceptedAsync(Crowd.All / 8);
        var (early, late) = (await system.Game.NewAsync(coins: 7), Players.NewName());
        await ReplaceAsync(system, "balance", "CREATE DATABASE balance OWNER balance");
        // The service makes its tables in it, and LogTailer sees that they are empty. Kafka has the reward for handled
        // that came before; one comes while nobody takes any.
        await system.Game.RewardAsync(late, coins: 70);
        await RefillAsync(system, "balance", Topics.BalanceAccounts, () => NothingIsGivenAsync(system));
        await system.Game.UntilCoinsAsync(early, 7, Players.Patience, Cancel);
        await system.Game.UntilCoinsAsync(late, 70, Players.Patience, Cancel);

        var backup = await EndAsync(system, "inventory");
        await CopyAsync(system, "inventory");
        await crowd.UntilAcceptedAsync(Crowd.All * 3 / 8);
        goesOn.SetResult();
        await crowd.UntilAcceptedAsync(Crowd.All * 5 / 8);
        await Eventually.Until(async () => await EndAsync(system, "inventory") > backup + 50,
            "the backup is an old one", Players.Patience);
        await ReplaceAsync(system, "inventory", "ALTER DATABASE inventory_backup RENAME TO inventory");
        await RefillAsync(system, "inventory", Topics.InventoryAvatars);

        await crowd.UntilAcceptedAsync(Crowd.All * 7 / 8);
        // What was accepted and not published is nowhere else.
        await ReplaceAsync(system, "store", "CREATE DATABASE store OWNER store", whenPublished: true);
        await RefillAsync(system, "store", Topics.StoreCheckouts, () => RefusedAsync(() => Answer.PostAsync(
            $"{system.Addresses.Store}/checkouts", """{"sku":"gorilla"}""", customer: late, key: "\"behind\"")));

        await posting;
        // Of the databases that are gone.
        NpgsqlConnection.ClearAllPools();
        await crowd.AssertEndedAsync();
        Assert.All(await Invariants.CheckAsync(system.Addresses, Cancel),
            invariant => Assert.True(invariant.Fault is null, $"{invariant.Name}: {invariant.Fault}"));
        await system.AssertRebuildEqualsAsync();
    }

    /// <summary>What LogTailer says is done.</summary>
    private static async Task RefillAsync(TestSystem system, string service, string topic,
        Func<Task>? before = null)
    {
        var tailer = system["logtailer"];
        using var http = new HttpClient();
        await Eventually.Until(async () =>
        {
            using var health = await http.GetAsync($"{tailer.Url}/health/ready", Cancel);
            var said = await health.Content.ReadAsStringAsync(Cancel);
            return said.Contains($"Topic {topic} partition") && said.Contains("refill --who NAME --why TEXT");
        }, $"LogTailer names the command for {topic}", Players.Patience);
        if (before is not null) await before();
        var (code, output) = await system.RunAsync(service, system.Local.OwnerEnvironment(service), "refill", "--who",
            "test", "--why", "its database was lost");
        TestLog.Say($"  {service}: {output}");
        Assert.True(code == 0, output);
        await system[service].ReadyAsync(Cancel).WaitAsync(Players.Patience, Cancel);
    }

    /// <summary>Neither over HTTP nor by command, as long as Balance may not know what it has given.</summary>
    private static async Task NothingIsGivenAsync(TestSystem system)
    {
        var url = $"{system.Addresses.Balance}/compensations";
        var token = KeyValuePair.Create("Authorization", $"Bearer {Answer.TokenOf(url, "sre-1", "support")}");
        await RefusedAsync(() => Answer.PostAsync(url,
            $$"""
            {"checkoutId": "{{Guid.NewGuid()}}", "customerId": "player-1", "coins": 5, "reference": "r", "why": "late"}
            """, customer: null, key: null, more: token));
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """[{"customerId": "player-1", "coins": 5, "reference": "r"}]""", Cancel);
        var (code, said) = await system.RunAsync("balance", "credit", file);
        File.Delete(file);
        Assert.True(code == 1, said);
        Assert.Contains("Checkout.Balance.dll refill --who NAME --why TEXT", said, StringComparison.Ordinal);
    }

    private static async Task RefusedAsync(Func<Task<Answer>> post)
    {
        Answer? answer = null;
        await Eventually.Until(async () => (answer = await post()).Text.Contains("/store-behind"), "it is refused",
            Players.Patience);
        answer!.AssertProblem(503, "is being brought back to where it was");
    }

    private static async Task<long> EndAsync(TestSystem system, string database)
    {
        // Its session must not be there any more when the database is copied.
        await using var connection = new NpgsqlConnection(system.Local.Postgres.ConnectionString(database)
            + ";Pooling=false");
        return await connection.QuerySingleAsync<long>("SELECT position FROM head");
    }

    private static Task CopyAsync(TestSystem system, string database) => AloneAsync(system, database, admin =>
        admin.ExecuteAsync($"CREATE DATABASE {database}_backup TEMPLATE {database} OWNER {database}"));

    /// <summary>Under its processes, which find the other one when they come again.</summary>
    private static Task ReplaceAsync(TestSystem system, string database, string with, bool whenPublished = false) =>
        AloneAsync(system, database, async admin =>
        {
            await admin.ExecuteAsync("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                + "WHERE database = @database", new { database });
            await admin.ExecuteAsync($"DROP DATABASE {database}");
            await admin.ExecuteAsync(with);
        }, whenPublished);

    /// <summary>Nobody else gets in meanwhile.</summary>
    private static async Task AloneAsync(TestSystem system, string database, Func<NpgsqlConnection, Task> change,
        bool whenPublished = false)
    {
        await using var admin = new NpgsqlConnection(system.Local.Postgres.ConnectionString());
        await admin.OpenAsync(Cancel);
        await admin.ExecuteAsync($"ALTER DATABASE {database} ALLOW_CONNECTIONS false");
        if (whenPublished) await EndSessionsAsync(admin, database, "usename <> 'logtailer'");
        var end = await admin.ExecuteScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        if (whenPublished)
            await Eventually.Until(async () => await admin.ExecuteScalarAsync<bool>(
                "SELECT confirmed_flush_lsn >= @end::pg_lsn FROM pg_replication_slots WHERE database = @database",
                new { end, database }), "all is published", Players.Patience);
        await EndSessionsAsync(admin, database, "true");
        await change(admin);
        await admin.ExecuteAsync($"ALTER DATABASE {database} ALLOW_CONNECTIONS true");
    }

    private static Task EndSessionsAsync(NpgsqlConnection admin, string database, string whose) =>
        Eventually.Until(async () =>
        {
            await admin.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                + $"WHERE datname = @database AND {whose}", new { database });
            return await admin.ExecuteScalarAsync<int>(
                $"SELECT count(*)::int FROM pg_stat_activity WHERE datname = @database AND {whose}",
                new { database }) == 0;
        }, $"nobody is in {database}");
}
