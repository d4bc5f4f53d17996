using Checkout.Chassis.Identity;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>The same rule at every service: whoever asks brings a token, and sees their own.</summary>
[Collection(SharedSystem.Collection)]
public sealed class IdentityTests(SharedSystem shared)
{
    private const string Gorilla = """{"sku":"gorilla"}""";

    private readonly TestSystem _system = shared.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>What a customer may ask for, of the three services.</summary>
    public static TheoryData<string, string> Places => new()
    {
        { "store", "/checkouts" },
        { "store", "/checkouts/0199d0b8-0000-7000-8000-000000000000" },
        { "store", "/checkouts/0199d0b8-0000-7000-8000-000000000000/events" },
        { "store", "/metrics" },
        { "store", "/nothing/here" },
        { "balance", "/balances/player-2" },
        { "balance", "/metrics" },
        { "inventory", "/customers/player-2/avatars" },
        { "inventory", "/stock" },
        { "inventory", "/metrics" },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Without_a_token_and_with_one_of_somebody_elses_key_nothing_is_told(string process, string path)
    {
        var url = _system.Local.Url(process) + path;
        (await Answer.GetAsync(url)).AssertProblem(401, "Send a token");
        using var folder = new TestFolder("other-key");
        var forged = DevelopmentTokens.In(folder.Path).For("player-2", DateTime.UtcNow, "support metrics");
        (await WithAsync(forged, url)).AssertProblem(401, "not known here");
        (await WithAsync(forged + "x", url)).AssertProblem(401);
    }

    [Fact]
    public async Task Health_the_packages_and_the_page_are_for_everybody()
    {
        foreach (var process in new[] { "store", "balance", "inventory" })
            Assert.Equal(200, (await Answer.GetAsync($"{_system.Local.Url(process)}/health/live")).Status);
        Assert.Equal(200, (await Answer.GetAsync($"{_system.Addresses.Store}/packages")).Status);
        Assert.Equal(200, (await Answer.GetAsync($"{_system.Addresses.Store}/")).Status);
    }

    [Fact]
    public async Task What_is_anothers_is_not_there_but_for_support()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        var checkout = await _system.Game.EndOfAsync(customer,
            await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel));
        string[] places =
        [
            $"{_system.Addresses.Store}/checkouts/{checkout.CheckoutId}",
            $"{_system.Addresses.Store}/checkouts/{checkout.CheckoutId}?wait=1",
            $"{_system.Addresses.Store}/checkouts/{checkout.CheckoutId}/events",
            $"{_system.Addresses.Balance}/balances/{customer}",
            $"{_system.Addresses.Inventory}/customers/{customer}/avatars",
        ];
        foreach (var place in places)
        {
            Assert.Equal(200, (await Answer.GetAsync(place, customer)).Status);
            (await Answer.GetAsync(place, "player-2")).AssertProblem(404);
            var seen = await Answer.GetAsAsync("openid support", place, "agent@example.com");
            Assert.True(seen.Status == 200, $"{place}: {seen.Text}");
        }
        Assert.DoesNotContain(checkout.CheckoutId.ToString(),
            (await Answer.GetAsync($"{_system.Addresses.Store}/checkouts", "player-2")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Support_looks_up_and_does_not_buy_for_anybody()
    {
        var store = $"{_system.Addresses.Store}/checkouts";
        var agent = Answer.TokenOf(store, "agent@example.com", "support");
        (await Answer.PostAsync(store, Gorilla, null, "k", more: [new("Authorization", $"Bearer {agent}")]))
            .AssertProblem(403, "The token's sub");
        (await WithAsync(agent, store)).AssertProblem(403);
    }

    [Fact]
    public async Task On_a_machine_of_ones_own_anybody_can_sign_in_as_anybody()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        var signedIn = await Answer.PostAsync($"{_system.Addresses.Store}/demo/token",
            $$"""{"customerId":"{{customer}}"}""", null, null);
        var balance = await WithAsync(signedIn.Json.GetProperty("token").GetString()!,
            $"{_system.Addresses.Balance}/balances/{customer}");
        Assert.Equal(500, balance.Json.GetProperty("coins").GetInt64());
        (await Answer.PostAsync($"{_system.Addresses.Store}/demo/token", """{"customerId":"a b"}""", null, null))
            .AssertProblem(400, "customerId has U+0020");
        // Only Store's page asks for it.
        (await Answer.PostAsync($"{_system.Addresses.Balance}/demo/token", """{"customerId":"a"}""", null, null))
            .AssertProblem(401);
    }

    private static Task<Answer> WithAsync(string token, string url) => Answer.SendAsync(
        new(HttpMethod.Get, url) { Headers = { Authorization = new("Bearer", token) } }, null);
}
