using Checkout.EndToEnd.Systems;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>What is on sale, and for how much, changes while clients look and buy.</summary>
[Collection(SharedSystem.Collection)]
public sealed class OffersTests(SharedSystem shared)
{
    private readonly TestSystem _system = shared.System;

    private string Packages => $"{_system.Addresses.Store}/packages";

    [Fact]
    public async Task A_post_that_expects_another_price_is_told_the_new_one_and_spends_no_key()
    {
        var (sku, customer, key) = (await OfferAsync(500), "player-2", Guid.NewGuid().ToString());
        var dear = await PostAsync(customer, key, sku, expected: 400);
        dear.AssertProblem(409, "500 coins");
        Assert.Equal(("https://avatarstore.example/problems/price-changed", 500),
            (dear.Json.GetProperty("type").GetString(), dear.Json.GetProperty("priceCoins").GetInt64()));

        var first = await PostAsync(customer, key, sku, expected: 500);
        Assert.Equal((202, null), (first.Status, first.Header("Idempotency-Replayed")));
        await _system.GiveAsync("store", "change-price", new[] { new { sku, priceCoins = 600 } });
        var again = await PostAsync(customer, key, sku, expected: 500);
        Assert.Equal((202, "true", first.Header("Location")),
            (again.Status, again.Header("Idempotency-Replayed"), again.Header("Location")));
        (await PostAsync(customer, key, sku, expected: 600)).AssertProblem(422, "another body");
        (await PostAsync(customer, key, sku, expected: null)).AssertProblem(422, "another body");
        (await PostAsync(customer, Guid.NewGuid().ToString(), sku, expected: -1)).AssertProblem(400, "expectedPrice");
    }

    [Fact]
    public async Task What_is_taken_off_sale_is_not_listed_nor_sold_until_it_is_put_on_sale_again()
    {
        var (sku, customer, key) = (await OfferAsync(500), "player-2", Guid.NewGuid().ToString());
        var before = await PostAsync(customer, Guid.NewGuid().ToString(), sku, expected: null);
        Assert.Equal(202, before.Status);
        await _system.GiveAsync("store", "take-off-sale", new[] { new { sku } });
        Assert.False(await IsListedAsync(sku));
        (await PostAsync(customer, key, sku, expected: null)).AssertProblem(422, "not sold now");
        Assert.Equal(200, (await Answer.GetAsync($"{_system.Addresses.Store}{before.Header("Location")}", customer))
            .Status);

        await _system.GiveAsync("store", "list-packages", new[] { new { sku, name = sku, priceCoins = 500 } });
        Assert.False(await IsListedAsync(sku));
        await _system.GiveAsync("store", "put-on-sale", new[] { new { sku } });
        Assert.True(await IsListedAsync(sku));
        Assert.Equal(202, (await PostAsync(customer, key, sku, expected: null)).Status);
        await _system.AssertRebuildEqualsAsync();
    }

    [Fact]
    public async Task Who_has_the_list_of_packages_is_sent_it_again_when_it_changed()
    {
        var tag = (await Answer.GetAsync(Packages)).Header("ETag")!;
        Assert.Equal((304, ""), await AskAsync(tag));
        await OfferAsync(700);
        Assert.Equal(200, (await AskAsync(tag)).Status);
    }

    private async Task<(int Status, string Body)> AskAsync(string ifNoneMatch)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("If-None-Match", ifNoneMatch);
        using var answer = await http.GetAsync(Packages, TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<string> OfferAsync(long priceCoins)
    {
        var sku = $"offer-{Guid.NewGuid():N}";
        await _system.OfferAsync((sku, priceCoins, 3));
        return sku;
    }

    private async Task<bool> IsListedAsync(string sku) => (await Answer.GetAsync(Packages)).Json.EnumerateArray()
        .Any(package => package.GetProperty("sku").GetString() == sku);

    private Task<Answer> PostAsync(string customer, string key, string sku, long? expected) => Answer.PostAsync(
        $"{_system.Addresses.Store}/checkouts",
        expected is null ? $$"""{"sku":"{{sku}}"}""" : $$"""{"sku":"{{sku}}","expectedPriceCoins":{{expected}}}""",
        customer, key);
}
