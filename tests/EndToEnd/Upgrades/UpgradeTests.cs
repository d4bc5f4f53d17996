using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Checkout.Servers;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Upgrades;

/// <summary>
/// Databases that an earlier version left, with what was under way in them: dumps of 2026-11-26, taken while Store had
/// yet to hear of four checkouts.
/// </summary>
public sealed class UpgradeTests
{
    private static readonly string[] Databases = ["store", "balance", "inventory"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Todays_binaries_go_on_with_the_databases_of_the_first_version()
    {
        using var folder = new TestFolder("upgrade");
        await RestoreAsync(folder, "first");
        await using var system = await TestSystem.StartAsync("upgrade",
            TestSystem.Options(folder) with { InMemoryBroker = true });

        // What was under way ends, and ends as the others had decided it.
        await Eventually.Until(async () => await CountAsync(system, "store", "checkouts WHERE ended_at IS NULL") == 0,
            "every checkout has ended", Players.Patience);
        await using var store = new NpgsqlConnection(system.Local.Postgres.ConnectionString("store"));
        Assert.Equal(
            [("Completed", 3L), ("Failed", 2L), ("Refunded", 2L)],
            await store.QueryAsync<(string, long)>(
                "SELECT status, count(*) FROM checkouts GROUP BY status ORDER BY status"));
        // The operators' files were given before: their business keys are the same.
        Assert.Equal((4, 3),
            (await CountAsync(system, "balance", "credits"), await CountAsync(system, "inventory", "deliveries")));
        Assert.Contains("1 parked.", (await system.RunAsync("balance", "parked")).Output, StringComparison.Ordinal);
        await system.AssertRebuildEqualsAsync();

        // And a new one goes through.
        var customer = await system.Game.NewAsync(coins: 500);
        Assert.Equal("completed",
            (await system.Game.EndOfAsync(customer,
                await system.Game.BuyAsync(customer, "gorilla", "k", Cancel))).State);
    }

    private static async Task RestoreAsync(TestFolder folder, string version)
    {
        await using var server = await PostgresServer.StartAsync(new()
        {
            DataDirectory = Path.Combine(folder.Path, "postgres"),
            LogFile = Path.Combine(Directory.CreateDirectory(folder["logs"]).FullName, "restore.log"),
            Fsync = false,
        }, Cancel);
        foreach (var name in Databases)
        {
            await server.CreateDatabaseAsync(name, Cancel);
            await ExecuteAsync(server.ConnectionString(name), $"CREATE ROLE {name} LOGIN; ALTER DATABASE {name} "
                + $"OWNER TO {name}; ALTER SCHEMA public OWNER TO {name}");
            var own = new NpgsqlConnectionStringBuilder(server.ConnectionString(name)) { Username = name };
            await ExecuteAsync(own.ConnectionString,
                await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Upgrades", version, $"{name}.sql"),
                    Cancel));
        }
        NpgsqlConnection.ClearAllPools();
    }

    private static async Task<long> CountAsync(TestSystem system, string database, string of)
    {
        await using var connection = new NpgsqlConnection(system.Local.Postgres.ConnectionString(database));
        return await connection.ExecuteScalarAsync<long>($"SELECT count(*) FROM {of}");
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.ExecuteAsync(sql);
    }
}
