using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Restarts;

/// <summary>
/// Store's database is a backup again, and its topic was made anew from it, as nobody should. What is told from then on
/// gets positions that Balance has handled.
/// </summary>
public sealed class RestoredStoreTests : IDisposable
{
    private const string Topic = "store.checkouts";

    /// <summary>On two partitions, the first and the second.</summary>
    private static readonly string[] Names = Players.OnePerPartition(12);

    private readonly TestFolder _folder = new("restored-store");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Whoever_handled_what_the_store_lost_says_so_and_takes_nothing_new_for_seen()
    {
        if (KafkaHome.Find() is null)
            throw Prerequisite.Missing("kafka", "librdkafka's in-memory broker can't delete a topic.");
        await using var system = await TestSystem.StartAsync("restored-store", TestSystem.Options(_folder));
        var (customer, other) = (Names[0], Names[1]);
        await system.Game.GiveAsync(customer, 51_000);
        await system.Game.GiveAsync(other, 500);
        await BuyAsync(system, customer, "gorilla");
        var atBackup = await EndAsync(system);
        await WithoutStoreAsync(system, admin =>
            admin.ExecuteAsync("CREATE DATABASE backup TEMPLATE store OWNER store"));
        await BuyAsync(system, customer, "tiger");
        var handled = await EndAsync(system);
        // Balance has nothing to do for a CheckoutCompleted, and moves its position with the next batch that has.
        await BuyAsync(system, other, "gorilla");
        await Eventually.Until(async () => await HandledAsync(system) == handled, "Balance has moved its position");

        await WithoutStoreAsync(system, async admin =>
        {
            await admin.ExecuteAsync(
                """
                SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = 'store'
                """);
            await admin.ExecuteAsync("DROP DATABASE store");
            await admin.ExecuteAsync("ALTER DATABASE backup RENAME TO store");
            using var kafka = new AdminClientBuilder(
                new AdminClientConfig { BootstrapServers = system.Local.Broker.Bootstrap })
                .SetLogHandler((_, _) => { }).Build();
            await kafka.DeleteTopicsAsync([Topic]);
        });
        await SaysAsync(system, $"ends at position {atBackup}, and {handled} was handled: its store was restored");
        // What comes now is held with it.
        var posted = await system.Game.BuyAsync(customer, "tiger", "after", Cancel);
        await SaysAsync(system, $"ends at position {atBackup + 1}, and {handled} was handled");
        Assert.Equal("pending", (await system.Game.SeeAsync(customer, posted.CheckoutId, Cancel)).State);
    }

    private static async Task BuyAsync(TestSystem system, string customer, string sku)
    {
        var checkout = await system.Game.BuyAsync(customer, sku, sku, Cancel);
        Assert.Equal("completed", (await system.Game.EndOfAsync(customer, checkout)).State);
    }

    /// <summary>The position of Store's last event.</summary>
    private static async Task<long> EndAsync(TestSystem system)
    {
        // Its session must not be there any more when the database is copied.
        await using var store = new NpgsqlConnection(system.Local.Postgres.ConnectionString("store")
            + ";Pooling=false");
        return await store.QuerySingleAsync<long>("SELECT position FROM head");
    }

    /// <summary>How far Balance has handled the customer's partition.</summary>
    private static async Task<long> HandledAsync(TestSystem system)
    {
        await using var balance = new NpgsqlConnection(system.Local.Postgres.ConnectionString("balance"));
        return await balance.QuerySingleOrDefaultAsync<long>(
            "SELECT position FROM handled WHERE topic = @Topic AND partition = 0", new { Topic });
    }

    private static async Task WithoutStoreAsync(TestSystem system, Func<NpgsqlConnection, Task> change)
    {
        string[] readers = ["logtailer", "store"];
        foreach (var process in readers) await system[process].StopAsync();
        await using (var admin = new NpgsqlConnection(system.Local.Postgres.ConnectionString()))
        {
            await admin.OpenAsync(Cancel);
            // Whoever looked into it from here, such as the local system when it made the database.
            await using (var store = new NpgsqlConnection(system.Local.Postgres.ConnectionString("store")))
                NpgsqlConnection.ClearPool(store);
            await admin.ExecuteAsync(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'store'");
            await Eventually.Until(async () => await admin.ExecuteScalarAsync<int>(
                "SELECT count(*)::int FROM pg_stat_activity WHERE datname = 'store'") == 0,
                "nobody is in the database");
            await change(admin);
        }
        foreach (var process in readers)
        {
            await system[process].StartAsync();
            await system[process].ReadyAsync(Cancel);
        }
    }

    private static async Task SaysAsync(TestSystem system, string reason)
    {
        using var http = new HttpClient();
        await Eventually.Until(async () =>
        {
            var health = await http.GetStringAsync($"{system.Local.Url("balance")}/health/ready", Cancel);
            return health.Contains("Degraded") && health.Contains(reason);
        }, $"Balance says: {reason}");
    }
}
