using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Monitoring;

/// <summary>Two processes of each kind, of which some have nothing to do.</summary>
public sealed class HealthTests : IDisposable
{
    private readonly TestFolder _folder = new("health");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Whoever_waits_is_healthy_and_whose_partition_stands_says_so_and_serves()
    {
        await using var system = await TestSystem.StartAsync("health", TestSystem.Options(_folder) with
        {
            InMemoryBroker = true,
            Instances = 2,
        });
        foreach (var process in system.Local.Processes) await SaysAsync(process.Url, "Healthy");
        // The standby says what it is.
        var tailers = await Task.WhenAll(new[] { "logtailer", "logtailer-2" }
            .Select(async tailer => (await Answer.GetAsync($"{system.Local.Url(tailer)}/health/ready")).Text));
        Assert.Contains(tailers, text => text.Contains("balance: standby", StringComparison.Ordinal));

        var customer = await system.Game.NewAsync(coins: 50_500);
        await system.Game.EndOfAsync(customer, await system.Game.BuyAsync(customer, "gorilla", "k", Cancel));
        string[] stores = ["store", "store-2"];
        await Task.WhenAll(stores.Select(store => system[store].StopAsync()));
        await ForgetHandledAsync(system);
        await Task.WhenAll(stores.Select(store => system[store].StartAsync()));
        foreach (var store in stores) await system[store].ReadyAsync(Cancel);

        await Eventually.Until(async () => (await Task.WhenAll(stores.Select(ReadyAsync))).Any(answer =>
            answer.Text.Contains("is stopped at offset", StringComparison.Ordinal)), "Store says what stands");
        foreach (var answer in await Task.WhenAll(stores.Select(ReadyAsync))) Assert.Equal(200, answer.Status);
        // Callers are served all the same.
        foreach (var url in stores.Select(system.Local.Url))
        {
            var accepted = await Answer.PostAsync($"{url}/checkouts", """{"sku":"tiger"}""", customer, $"\"{url}\"");
            Assert.Equal(202, accepted.Status);
            var id = accepted.Json.GetProperty("checkoutId").GetGuid();
            Assert.Equal(200, (await Answer.GetAsync($"{url}/checkouts/{id}", customer)).Status);
        }

        Task<Answer> ReadyAsync(string store) => Answer.GetAsync($"{system.Local.Url(store)}/health/ready");
    }

    /// <summary>As if Balance had another history: what Store handled last of it was another event.</summary>
    private static async Task ForgetHandledAsync(TestSystem system)
    {
        await using var connection = new NpgsqlConnection(system.Local.Postgres.ConnectionString("store"));
        await connection.ExecuteAsync(
            """
            UPDATE handled SET event_id = gen_random_uuid() WHERE topic = 'balance.accounts' AND event_id IS NOT NULL
            """);
    }

    private static Task SaysAsync(string url, string status) => Eventually.Until(async () =>
        await Answer.GetAsync($"{url}/health/ready") is { Status: 200 } answer
            && answer.Json.GetProperty("status").GetString() == status, $"{url} is {status}");
}
