using System.Net;
using System.Text.Json;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Admitting;

/// <summary>When the edge takes no more checkouts, and when it does all the same.</summary>
[Collection(nameof(Alone))]
public sealed class ShedTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_standstill_past_the_limit_is_told_at_the_edge_and_what_was_accepted_is_still_answered()
    {
        using var folder = new TestFolder("standstill");
        await using var system = await StartAsync(folder, longestQueue: "00:00:03", objective: "00:00:02");
        var first = await system.Game.NewAsync(coins: 500);
        var others = await CustomersAsync(system, 4);
        await system["logtailer"].StopAsync();

        var accepted = await system.Game.BuyAsync(first, "gorilla", "k", Cancel);
        HttpResponseMessage refused = null!;
        var taken = new List<(string Customer, Guid Checkout)> { (first, accepted.CheckoutId) };
        await Eventually.Until(async () =>
        {
            var customer = others[taken.Count % others.Length];
            var answer = await system.Game.PostAsync(customer, "tiger", Guid.NewGuid().ToString(), Cancel);
            if (answer.StatusCode == HttpStatusCode.Accepted) taken.Add((customer, await IdOfAsync(answer)));
            else refused = answer;
            return refused is not null;
        }, "a post is refused");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, 3),
            (refused.StatusCode, (int)refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        var problem = JsonDocument.Parse(await refused.Content.ReadAsStringAsync(Cancel)).RootElement;
        Assert.Equal("standstill", problem.GetProperty("reason").GetString());
        Assert.Contains("none ends", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);

        // What was accepted is never dropped.
        var replayed = await Answer.PostAsync($"{system.Addresses.Store}/checkouts", """{"sku":"gorilla"}""", first,
            "\"k\"");
        Assert.Equal((202, accepted.CheckoutId), (replayed.Status, replayed.Json.GetProperty("checkoutId").GetGuid()));
        var ready = await Answer.GetAsync($"{system.Addresses.Store}/health/ready");
        Assert.Equal((200, "Degraded"), (ready.Status, ready.Json.GetProperty("status").GetString()));
        Assert.Contains("standstill", ready.Text, StringComparison.Ordinal);
        Assert.Contains("checkouts_shed_total", (await MetricsAsync(system))
            .Split('\n').Single(line => line.Contains("standstill", StringComparison.Ordinal)
                && !line.EndsWith(" 0", StringComparison.Ordinal)), StringComparison.Ordinal);

        await system["logtailer"].StartAsync();
        await Eventually.Until(async () =>
            (await system.Game.PostAsync(others[0], "tiger", "after", Cancel)).IsSuccessStatusCode,
            "posts are taken again");
        foreach (var (customer, checkout) in taken)
            await system.Game.EndOfAsync(customer, checkout, Players.Patience, Cancel);
        await Eventually.Until(async () => (await Answer.GetAsync($"{system.Addresses.Store}/health/ready")).Json
            .GetProperty("status").GetString() == "Healthy", "Store is healthy again");
    }

    [Fact]
    public async Task Ten_seconds_without_events_refuse_nobody()
    {
        using var folder = new TestFolder("short-outage");
        await using var system = await StartAsync(folder);
        var customers = await CustomersAsync(system, 8);
        var stopAt = DateTime.UtcNow.AddSeconds(2);
        var startAt = stopAt.AddSeconds(10);
        var taken = new List<(string Customer, Guid Checkout)>();
        Task? stopping = null, starting = null;
        for (var i = 0; DateTime.UtcNow < startAt.AddSeconds(4); i++)
        {
            if (DateTime.UtcNow > stopAt) stopping ??= system["logtailer"].StopAsync();
            if (DateTime.UtcNow > startAt) starting ??= system["logtailer"].StartAsync();
            var customer = customers[i % customers.Length];
            var answer = await system.Game.PostAsync(customer, "gorilla", $"{i}", Cancel);
            Assert.True(answer.StatusCode == HttpStatusCode.Accepted,
                $"{DateTime.UtcNow - stopAt}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(Cancel)}");
            taken.Add((customer, await IdOfAsync(answer)));
            await Task.Delay(100, Cancel);
        }
        await starting!;
        foreach (var (customer, checkout) in taken)
            await system.Game.EndOfAsync(customer, checkout, Players.Patience, Cancel);
    }

    [Fact]
    public async Task Checkouts_that_are_parked_are_counted_apart_and_refuse_nobody()
    {
        using var folder = new TestFolder("parked");
        await using var system = await StartAsync(folder, longestQueue: "00:00:02", objective: "00:00:01");
        var parked = await CustomersAsync(system, 3);
        var others = await CustomersAsync(system, 4);
        // As behind an event that could not be handled.
        await ParkAsync(system, "balance", "store.checkouts", parked[0]);
        await BuyAndPassTheLimitAsync(system, parked[0]);
        await BuyAllAsync(system, others, "with one parked");
        await Eventually.Until(async () => await MetricAsync(system, "checkouts_stuck") == 1, "it is counted as stuck");

        await ParkAsync(system, "balance", "store.checkouts", parked[1]);
        await ParkAsync(system, "inventory", "balance.accounts", parked[2]);
        await BuyAndPassTheLimitAsync(system, parked[1]);
        await BuyAndPassTheLimitAsync(system, parked[2]);
        await BuyAllAsync(system, others, "with three parked");
        await Eventually.Until(async () => await MetricAsync(system, "checkouts_stuck") == 3, "all are stuck");
        Assert.Equal(0, await MetricAsync(system, "checkouts_queue_duration_seconds"));

        // An instance that begins anew knows it from the database.
        await system["store"].StopAsync();
        await system["store"].StartAsync();
        await system["store"].ReadyAsync(Cancel);
        await Eventually.Until(async () => await MetricAsync(system, "checkouts_stuck") == 3, "all are stuck still");
        await BuyAllAsync(system, others, "after a restart");
    }

    private static Task<TestSystem> StartAsync(TestFolder folder, string longestQueue = "00:00:30",
        string objective = "00:00:05") =>
        TestSystem.StartAsync("shedding", TestSystem.Options(folder) with
        {
            InMemoryBroker = true,
            Environment = new Dictionary<string, string?>
            {
                ["Checkouts__LongestQueue"] = longestQueue,
                ["Checkouts__Objective"] = objective,
            },
        });

    private static Task<string[]> CustomersAsync(TestSystem system, int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => system.Game.NewAsync(coins: 500)));

    private static async Task ParkAsync(TestSystem system, string service, string topic, string customer)
    {
        await using var connection = new NpgsqlConnection(system.Local.Postgres.ConnectionString(service));
        await connection.ExecuteAsync(
            """
            INSERT INTO parked (topic, partition, position, key, headers, reason, blocks)
            VALUES (@topic, 0, @position, @customer, '{}', 'for a test', true)
            """, new { topic, customer, position = -Random.Shared.NextInt64() });
    }

    private static async Task BuyAndPassTheLimitAsync(TestSystem system, string customer)
    {
        var posted = await system.Game.BuyAsync(customer, "gorilla", "k", Cancel);
        await Eventually.Until(() => DateTime.UtcNow > posted.CreatedAt.AddSeconds(3), "the limit has passed");
    }

    private static async Task BuyAllAsync(TestSystem system, string[] customers, string key)
    {
        foreach (var customer in customers)
        {
            var answer = await system.Game.PostAsync(customer, "gorilla", key, Cancel);
            Assert.True(answer.StatusCode == HttpStatusCode.Accepted,
                $"{key}: {await answer.Content.ReadAsStringAsync(Cancel)}");
        }
    }

    private static async Task<double> MetricAsync(TestSystem system, string name) => double.Parse(
        (await MetricsAsync(system)).Split('\n')
            .Single(line => line.StartsWith(name + "{", StringComparison.Ordinal)
                || line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1],
        System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<string> MetricsAsync(TestSystem system) =>
        (await Answer.GetAsAsync("metrics", $"{system.Addresses.Store}/metrics")).Text;

    private static async Task<Guid> IdOfAsync(HttpResponseMessage answer) =>
        JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("checkoutId")
            .GetGuid();
}
