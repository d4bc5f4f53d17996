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
    public async Task What_was_in_flight_completes_on_an_in_memory_broker_that_knows_no_topics_and_back_on_a_Kafka_that_knows_the_first()
    {
        var kafka = KafkaHome.Find() is not null;
        await RunAsync(inMemory: !kafka, stopInFlight: "balance");
        await RunAsync(inMemory: true, stopInFlight: kafka ? "inventory" : null);
        if (kafka) await RunAsync(inMemory: false, stopInFlight: null);
    }

    /// <summary>Runs the system until what an earlier run left in flight has ended and all holds; then has others wait for a stopped service, and stops the whole.</summary>
    private async Task RunAsync(bool inMemory, string? stopInFlight)
    {
        await using var system = await TestSystem.StartAsync("restart", TestSystem.Options(_folder) with { InMemoryBroker = inMemory });
        foreach (var (customer, checkout) in _inFlight)
        {
            Assert.Equal("completed", (await system.Game.EndOfAsync(customer, checkout)).State);
            Assert.Equal(0, await system.Game.CoinsAsync(customer, Cancel));
        }
        Assert.All(await Invariants.CheckAsync(system.Addresses, Cancel), invariant => Assert.True(invariant.Fault is null, $"{invariant.Name}: {invariant.Fault}"));
        if (stopInFlight is null) return;

        var customers = await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => system.Game.NewAsync(Price)));
        await system[stopInFlight].StopAsync();
        _inFlight.Clear();
        _inFlight.AddRange(await Task.WhenAll(customers.Select(async customer => (customer, await system.Game.BuyAsync(customer, "gorilla", "in-flight", Cancel)))));
    }
}
