using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Checkout.Servers;
using Xunit;

namespace Checkout.EndToEnd.Restarts;

/// <summary>The whole system is stopped with checkouts in flight, and started again on the same folder.</summary>
public sealed class RestartTests : IDisposable
{
    private const int InFlight = 100;
    private const long Price = 500;

    private readonly TestFolder _folder = new("restart");
    private readonly List<(string Customer, CheckoutSeen Checkout)> _inFlight = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>The in-memory broker begins without any topic, whatever ran before it.</summary>
    [Fact]
    public async Task What_was_in_flight_completes_on_a_broker_that_knows_no_topics_and_back_on_the_first()
    {
        var kafka = KafkaHome.Find() is not null;
        await RunAsync(inMemory: !kafka, stopInFlight: "balance");
        await RunAsync(inMemory: true, stopInFlight: kafka ? "inventory" : null);
        if (kafka) await RunAsync(inMemory: false, stopInFlight: null);
    }

    /// <summary>
    /// Runs the system until what an earlier run left in flight has ended and all holds; then has others wait for a
    /// stopped service, and stops the whole.
    /// </summary>
    private async Task RunAsync(bool inMemory, string? stopInFlight)
    {
        await using var system = await TestSystem.StartAsync("restart",
            TestSystem.Options(_folder) with { InMemoryBroker = inMemory });
        foreach (var (customer, checkout) in _inFlight)
        {
            Assert.Equal("completed", (await system.Game.EndOfAsync(customer, checkout)).State);
            Assert.Equal(0, await system.Game.CoinsAsync(customer, Cancel));
        }
        Assert.All(await Invariants.CheckAsync(system.Addresses, Cancel),
            invariant => Assert.True(invariant.Fault is null, $"{invariant.Name}: {invariant.Fault}"));
        if (stopInFlight is null) return;
        if (_inFlight.Count == 0) await HealthTellsOfBrokersAsync(system);

        var customers = await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => system.Game.NewAsync(Price)));
        await system[stopInFlight].StopAsync();
        _inFlight.Clear();
        _inFlight.AddRange(
            await Task.WhenAll(
                customers.Select(async customer =>
                    (customer, await system.Game.BuyAsync(customer, "gorilla", "in-flight", Cancel)))));
    }

    /// <summary>
    /// No process is idle while its brokers do not answer: each says so, is still ready for what needs none, and takes
    /// it back.
    /// </summary>
    private static async Task HealthTellsOfBrokersAsync(TestSystem system)
    {
        string[] processes = ["store", "balance", "inventory", "logtailer"];
        var (stop, start) = system.Local.Broker switch
        {
            KafkaServer kafka => (() => { kafka.Signal("STOP"); }, () => { kafka.Signal("CONT"); }),
            InMemoryBroker inMemory => ((Action)inMemory.SetDown, (Action)inMemory.SetUp),
            var other => throw new InvalidOperationException($"{other.Name} can't be frozen."),
        };
        stop();
        try
        {
            foreach (var process in processes)
                await Eventually.Until(async () => await AnswerAsync(process) is (200, var text)
                    && text.Contains("has answered for"), $"{process} tells of brokers");
        }
        finally
        {
            start();
        }
        foreach (var process in processes)
            await Eventually.Until(async () => await AnswerAsync(process) is (200, var text)
                && !text.Contains("Degraded"), $"{process} is healthy again");

        async Task<(int Status, string Text)> AnswerAsync(string process)
        {
            using var http = new HttpClient();
            using var answer = await http.GetAsync($"{system.Local.Url(process)}/health/ready", Cancel);
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel));
        }
    }
}
