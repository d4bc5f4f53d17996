using Checkout.Chassis.Resilience;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.EndToEnd.Restarts;

/// <summary>Balance's clock is further ahead than a checkout may take.</summary>
public sealed class WrongClockTests : IDisposable
{
    private readonly TestFolder _folder = new("wrong-clock");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_decides_no_deadline_below_the_tolerance_and_is_named_and_turns_no_story_round()
    {
        await using var system = await TestSystem.StartAsync("wrong-clock", TestSystem.Options(_folder) with
        {
            Environment = new Dictionary<string, string?> { ["Reactor__ClockTolerance"] = "00:07:00" },
        });
        await system["balance"].StopAsync();
        system["balance"].More = new Dictionary<string, string?> { [ShiftedTime.Variable] = "00:06:00" };
        await system["balance"].StartAsync();
        await system["balance"].ReadyAsync(Cancel);
        for (var i = 0; i < 3; i++)
        {
            var customer = await system.Game.NewAsync(coins: 500);
            var ended = await system.Game.EndOfAsync(customer,
                await system.Game.BuyAsync(customer, "gorilla", "k", Cancel));
            Assert.Equal("completed", ended.State);
            Assert.Equal(["CheckoutCreated", "BalanceDeducted", "AvatarAssigned", "CheckoutCompleted"],
                ended.Timeline.Select(step => step.Event));
        }
        using var http = new HttpClient();
        await Eventually.Until(async () => (await http.GetStringAsync($"{system.Local.Url("balance")}/health/ready",
            Cancel)).Contains("the clock of /store/0 is 36"), "Balance names the clock that differs");
        await Eventually.Until(async () => (await http.GetStringAsync($"{system.Local.Url("store")}/health/ready",
            Cancel)).Contains("the clock of /balance/0 is 3"), "Store names Balance's");
        Assert.Contains("reactor_clock_skew_seconds{",
            (await Http.Answer.GetAsAsync("metrics", $"{system.Local.Url("balance")}/metrics")).Text,
            StringComparison.Ordinal);
    }
}
