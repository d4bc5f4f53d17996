using System.Text;
using System.Text.Json;
using Checkout.Contracts;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Checkout.EndToEnd.Observing;

/// <summary>The Observer of a real system: any checkout, what blocks it by name, and what can't be.</summary>
public sealed class ObserverTests : IDisposable
{
    private const int Customers = 40;
    private readonly TestFolder _folder = new("observer");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_sees_each_checkout_names_what_blocks_it_survives_kills_and_finds_what_is_forged()
    {
        await using var system = await TestSystem.StartAsync("observer", TestSystem.Options(_folder) with
        {
            Observed = true,
            Environment = new Dictionary<string, string?>
            {
                ["Observer__StuckAfter"] = "00:00:01",
                ["Observer__TraceUrl"] = "http://traces.example/trace/{traceId}",
            },
        });
        await EachEventInCausalOrderAsync(system);
        await EachProcessSaysHowFarItIsAsync(system);
        await AFrozenBalanceIsNamedAsync(system);
        await KillsChangeNoFigureAsync(system);
        await AForgedRecordIsFoundAsync(system);
        await ARebuildReadsTheTopicsAgainAsync(system);
        await OnlySupportMayAskAsync(system);
    }

    private static async Task EachEventInCausalOrderAsync(TestSystem system)
    {
        var customer = await system.Game.NewAsync(coins: 600);
        var checkout = await system.Game.EndOfAsync(customer,
            await system.Game.BuyAsync(customer, "gorilla", "seen", Cancel));
        var seen = await UntilAsync(system, $"/checkouts/{checkout.CheckoutId}",
            // Topics overtake each other: its end may be read before what led to it.
            json => json.GetProperty("state").GetString() == "completed"
                && json.GetProperty("events").GetArrayLength() == 4, "the whole of the checkout is seen");
        Assert.Equal(["CheckoutCreated", "BalanceDeducted", "AvatarAssigned", "CheckoutCompleted"],
            seen.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("event").GetString()!));
        Assert.Empty(seen.GetProperty("blockedBy").EnumerateArray());
        Assert.Empty(seen.GetProperty("toCome").EnumerateArray());
        Assert.Matches("^http://traces.example/trace/[0-9a-f]{32}$", seen.GetProperty("traceUrl").GetString());
        var statement = await AskAsync(system, $"/customers/{customer}");
        Assert.Equal([600L, -500L], statement.GetProperty("coins").EnumerateArray()
            .Select(line => line.GetProperty("coins").GetInt64()));
        Assert.Equal("ACHIEVEMENT", statement.GetProperty("coins")[0].GetProperty("cause").GetString());
    }

    private static async Task AFrozenBalanceIsNamedAsync(TestSystem system)
    {
        var customer = await system.Game.NewAsync(coins: 600);
        system["balance"].Signal("STOP");
        try
        {
            var checkout = await system.Game.BuyAsync(customer, "gorilla", "frozen", Cancel);
            var seen = await UntilAsync(system, $"/checkouts/{checkout.CheckoutId}",
                json => json.GetProperty("blockedBy").EnumerateArray().Any(blocker =>
                    blocker.GetProperty("what").GetString() == "no-answer"), "a frozen Balance is named");
            Assert.Equal("balance", seen.GetProperty("waitsFor").GetString());
            Assert.Contains("balance does not say how far it is", seen.GetProperty("blockedBy")[0]
                .GetProperty("sentence").GetString(), StringComparison.Ordinal);
            await UntilAsync(system, "/stuck?waitsFor=balance", json => json.GetProperty("checkouts").EnumerateArray()
                .Any(line => line.GetProperty("checkoutId").GetGuid() == checkout.CheckoutId), "it is listed as stuck");
        }
        finally
        {
            system["balance"].Signal("CONT");
        }
        await UntilAsync(system, "/stuck", json => json.GetProperty("checkouts").GetArrayLength() == 0,
            "nothing is stuck any more");
    }

    private static async Task KillsChangeNoFigureAsync(TestSystem system)
    {
        var bought = 0;
        await Task.WhenAll(Enumerable.Range(0, Customers).Select(async i =>
        {
            var customer = await system.Game.NewAsync(coins: i % 4 == 0 ? 400 : 500);
            var end = await system.Game.EndOfAsync(customer,
                await system.Game.BuyAsync(customer, "gorilla", "kill", Cancel));
            if (end.State == "completed") Interlocked.Increment(ref bought);
            if (i % 10 == 5) system["observer"].Kill();
        }));
        Assert.Equal(Customers - Customers / 4, bought);
        // Two were bought before.
        var summary = await UntilAsync(system, "/summary", json =>
            json.GetProperty("purchases").GetInt64() == bought + 2
                && json.GetProperty("oldestWaitingSeconds").GetDouble() is 0, "all purchases are seen");
        Assert.Equal(0, summary.GetProperty("wrong").GetInt64());
        Assert.Equal(0, summary.GetProperty("coinsPaidNotDelivered").GetInt64());
        var coins = await Answer.GetAsAsync("support", system.Addresses.Observer + "/violations");
        Assert.Empty(coins.Json.GetProperty("violations").EnumerateArray());
    }

    /// <summary>Somebody with the right to write takes an event, and writes another one to its position.</summary>
    private static async Task AForgedRecordIsFoundAsync(TestSystem system)
    {
        var first = First(system, Topics.BalanceAccounts);
        foreach (var header in first.Message.Headers.Where(h => h.Key == "ce_id").ToList())
        {
            first.Message.Headers.Remove(header.Key);
            first.Message.Headers.Add("ce_id", Encoding.UTF8.GetBytes($"{Guid.NewGuid()}"));
        }
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = system.Addresses.BootstrapServers,
        }).Build();
        await producer.ProduceAsync(first.TopicPartition, first.Message, Cancel);
        await producer.ProduceAsync(first.TopicPartition, new() { Value = [1, 2, 3] }, Cancel);
        var listed = await UntilAsync(system, "/violations",
            json => json.GetProperty("violations").GetArrayLength() > 0, "the forged record is found");
        var violation = listed.GetProperty("violations")[0];
        Assert.Equal("other-event-at-position", violation.GetProperty("kind").GetString());
        Assert.NotEqual(JsonValueKind.Null, violation.GetProperty("events")[0].GetProperty("fields").ValueKind);
        await UntilAsync(system, "/summary", json => json.GetProperty("wrong").GetInt64() == 1
            && json.GetProperty("strangers").GetInt64() == 2, "it is counted, and the stranger is");
        var url = $"{system.Addresses.Observer}/violations/{violation.GetProperty("id").GetInt64()}/settle";
        var settled = await Answer.PostAsync(url, """{"why":"a drill"}""", customer: null, key: null, more:
            KeyValuePair.Create("Authorization", $"Bearer {Answer.TokenOf(url, "sre-1", "support")}"));
        Assert.Equal(("sre-1", "a drill"),
            (settled.Json.GetProperty("who").GetString(), settled.Json.GetProperty("why").GetString()));
        await UntilAsync(system, "/summary", json => json.GetProperty("wrong").GetInt64() == 0, "it is settled");
    }

    /// <summary>
    /// By one command beside the process that serves: the same figures, and what is settled stays so.
    /// </summary>
    private static async Task ARebuildReadsTheTopicsAgainAsync(TestSystem system)
    {
        var before = await AskAsync(system, "/summary");
        var (exitCode, output) = await system.RunAsync("observer", system.Local.ObserverEnvironment(), "rebuild");
        Assert.True(exitCode == 0, output);
        Assert.Contains("0 violations open", output, StringComparison.Ordinal);
        await UntilAsync(system, "/summary", json => Figures(json) == Figures(before), $"as before: {Figures(before)}");
        Assert.Equal(2, (await AskAsync(system, "/violations")).GetProperty("violations")[0].GetProperty("times")
            .GetInt64());

        static string Figures(JsonElement summary) => string.Join(' ', new[]
        {
            "purchases", "wrong", "coinsPaidNotDelivered", "checkouts", "events", "strangers",
        }.Select(name => summary.GetProperty(name).GetRawText()));
    }

    private static async Task OnlySupportMayAskAsync(TestSystem system)
    {
        foreach (var path in new[] { "/summary", "/stuck", "/violations", "/customers/player-1", "/processes",
            "/parked", "/events" })
        {
            Assert.Equal(401, (await Answer.GetAsync(system.Addresses.Observer + path)).Status);
            (await Answer.GetAsync(system.Addresses.Observer + path, "player-1")).AssertProblem(403);
        }
        var unknown = await Answer.GetAsAsync("support", $"{system.Addresses.Observer}/checkouts/{Guid.NewGuid()}");
        unknown.AssertProblem(404, "No event of checkout");
    }

    /// <summary>Where /metrics is, and for whom they are.</summary>
    private static async Task EachProcessSaysHowFarItIsAsync(TestSystem system)
    {
        var balance = system.Addresses.Balance + "/internal/progress";
        Assert.Equal(401, (await Answer.GetAsync(balance)).Status);
        (await Answer.GetAsync(balance, "player-1")).AssertProblem(403);
        var service = (await Answer.GetAsAsync("metrics", $"{balance}?topic=store.checkouts&position=1")).Json;
        Assert.Equal(("balance", "/balance/0", "balance.accounts"), (service.GetProperty("service").GetString(),
            service.GetProperty("source").GetString(), service.GetProperty("topic").GetString()));
        Assert.True(service.GetProperty("head").GetProperty("position").GetInt64() > 0);
        Assert.Contains(service.GetProperty("handled").EnumerateArray(), handled =>
            handled.GetProperty("topic").GetString() == "store.checkouts"
                && handled.GetProperty("position").GetInt64() > 0);
        Assert.Equal(JsonValueKind.Null, service.GetProperty("parkedAt").ValueKind);
        var tailer = (await Answer.GetAsync(system.Addresses.Tailer + "/internal/progress")).Json.GetProperty("stores");
        Assert.Equal(["store.checkouts", "balance.accounts", "inventory.avatars"],
            tailer.EnumerateArray().Select(store => store.GetProperty("topic").GetString()!));
        Assert.All(tailer.EnumerateArray(), store => Assert.Equal("active", store.GetProperty("state").GetString()));
        Assert.All(tailer.EnumerateArray(), store => Assert.True(
            store.GetProperty("acknowledged").GetInt64() <= store.GetProperty("head").GetInt64()));
        var processes = await AskAsync(system, "/processes");
        Assert.All(processes.GetProperty("processes").EnumerateArray(), process =>
            Assert.Equal(JsonValueKind.Null, process.GetProperty("problem").ValueKind));
    }

    private static async Task<JsonElement> AskAsync(TestSystem system, string path)
    {
        var answer = await Answer.GetAsAsync("support", system.Addresses.Observer + path);
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json;
    }

    private static async Task<JsonElement> UntilAsync(TestSystem system, string path,
        Func<JsonElement, bool> holds, string what)
    {
        JsonElement seen = default;
        await Eventually.Until(async () =>
        {
            try
            {
                var answer = await Answer.GetAsAsync("support", system.Addresses.Observer + path);
                if (answer.Status == 200) seen = answer.Json;
                return answer.Status == 200 && holds(answer.Json);
            }
            catch (HttpRequestException)
            {
                // Killed, and on its way back.
                return false;
            }
        }, $"{what}; seen last: {seen}");
        return seen;
    }

    private static ConsumeResult<byte[], byte[]> First(TestSystem system, string topic)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = system.Addresses.BootstrapServers,
            GroupId = "forger",
            AutoOffsetReset = AutoOffsetReset.Earliest,
        }).Build();
        consumer.Assign(Enumerable.Range(0, 12).Select(p => new TopicPartitionOffset(topic, p, Offset.Beginning)));
        return consumer.Consume(TimeSpan.FromSeconds(30)) ?? throw new TimeoutException($"{topic} is empty.");
    }
}
