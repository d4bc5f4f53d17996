using Checkout.EndToEnd.Systems;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Checkout.EndToEnd.Storefront;

/// <summary>A claim, from the click to its end, in a real browser on the whole system.</summary>
[Collection(SharedSystem.Collection)]
public sealed class ClaimTests(SharedSystem shared, Chromium chromium) : IClassFixture<Chromium>
{
    private const int MostTabs = 60;

    private readonly TestSystem _system = shared.System;

    [Fact]
    public async Task A_gorilla_is_bought_by_keyboard_alone()
    {
        var player = await _system.Game.NewAsync(coins: 600);
        await using var visit = await chromium.VisitAsync(_system);
        var keyboard = visit.Page.Keyboard;
        await TabToAsync(visit, "input[value='player-1']");
        await keyboard.PressAsync("ArrowUp");
        await TabToAsync(visit, "input[name='other']");
        await keyboard.TypeAsync(player);
        await keyboard.PressAsync("Enter");
        await Expect(visit.Coins).ToHaveTextAsync("600");
        await Expect(visit.Page.GetByText("None yet.")).ToBeVisibleAsync();

        await TabToAsync(visit, "[data-sku='gorilla'] .claim");
        await keyboard.PressAsync("Enter");
        await Expect(visit.Headline).ToHaveTextAsync("Gorilla is yours!");
        await Expect(visit.Steps).ToHaveTextAsync(
            ["Your claim is in", "Your coins were taken", "Gorilla was put aside for you", "Gorilla is yours"]);
        await Expect(visit.Status).ToHaveTextAsync("Wear it tonight. You have 100 coins.");
        await Expect(visit.Page.Locator("#support-trace")).ToHaveTextAsync(
            new System.Text.RegularExpressions.Regex("^[0-9a-f]{32}$"));
        await visit.PictureAsync("claimed");

        await keyboard.PressAsync("Escape");
        await Expect(visit.Dialog).ToBeHiddenAsync();
        await Expect(visit.Claim("gorilla")).ToBeFocusedAsync();
        await Expect(visit.Claim("gorilla")).ToHaveTextAsync("Owned");
        await Expect(visit.Coins).ToHaveTextAsync("100");
        await Expect(visit.Avatars).ToHaveTextAsync(["Gorilla"]);
        Assert.Equal(["gorilla"], await _system.Game.AvatarsAsync(player, TestContext.Current.CancellationToken));
        visit.AssertNoFaults();
    }

    [Fact]
    public async Task Who_has_not_enough_coins_is_told_before_and_after()
    {
        var player = await _system.Game.NewAsync(coins: 400);
        await using var visit = await chromium.VisitAsync(_system);
        await visit.SignInAsync(player, "400");
        await Expect(visit.Claim("gorilla")).ToHaveAccessibleDescriptionAsync("Gorilla You need 100 coins more.");

        // The page knows what was true a moment ago; Balance decides. Here it does not know, and so lets it be tried.
        await visit.Page.RouteAsync("**/balances/**", route => route.AbortAsync());
        await visit.Page.ReloadAsync();
        await Expect(visit.Page.Locator("#coins")).ToContainTextAsync("no answer right now");
        await visit.Claim("gorilla").ClickAsync();
        await Expect(visit.Headline).ToHaveTextAsync("Not enough coins");
        await Expect(visit.Status).ToHaveTextAsync("Nothing was taken from your coins.");
        await Expect(visit.Steps).ToHaveTextAsync(
            ["Your claim is in", "Not enough coins: nothing was taken", "The claim failed"]);
        await visit.PictureAsync("not-enough");
        visit.AssertNoFaults("ERR_FAILED");
    }

    [Fact]
    public async Task Of_two_browsers_that_race_for_the_last_Palm_one_has_it_and_the_other_sees_the_coins_come_back()
    {
        var palm = Players.NewName("palm");
        await _system.OfferAsync((palm, 500_000_000, 1));
        await using var one = await chromium.VisitAsync(_system);
        await using var two = await chromium.VisitAsync(_system);
        Visit[] visits = [one, two];
        foreach (var visit in visits)
        {
            await visit.SignInAsync(await _system.Game.NewAsync(coins: 550_000_000), "550,000,000");
            await Expect(visit.Card(palm)).ToContainTextAsync("The last one");
        }
        await Task.WhenAll(visits.Select(visit => visit.Claim(palm).ClickAsync()));
        foreach (var visit in visits)
            await Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Done" })).ToBeVisibleAsync();

        var headlines = await Task.WhenAll(visits.Select(visit => visit.Headline.InnerTextAsync()));
        Assert.Equal(["Sold out", $"{palm} is yours!"], headlines.Order(StringComparer.Ordinal));
        var (winner, loser) = headlines[0] == "Sold out" ? (two, one) : (one, two);
        await Expect(winner.Status).ToHaveTextAsync("Wear it tonight. You have 50,000,000 coins.");
        await Expect(loser.Status).ToHaveTextAsync("Your coins are back. You have 550,000,000 coins.");
        // That it failed is Store's word, that they are back is Balance's: either may be first.
        string[] last = ["The claim failed", "Your coins are back"];
        var steps = await loser.Steps.AllInnerTextsAsync();
        Assert.Equal(["Your claim is in", "Your coins were taken", "Sold out: your coins are coming back"],
            steps.Take(3));
        Assert.Equal([.. last, "All is as it was before"], steps.Skip(3).Take(2).Order().Concat(steps.Skip(5)));
        await Expect(loser.Claim(palm)).ToHaveTextAsync("Sold out");
        await winner.PictureAsync("race-won");
        await loser.PictureAsync("race-lost");
        Assert.All(visits, visit => visit.AssertNoFaults());
    }

    [Fact]
    public async Task At_another_price_it_is_asked_again_and_nothing_was_taken()
    {
        var sku = Players.NewName("mask");
        await _system.OfferAsync((sku, 100, 5));
        await using var visit = await chromium.VisitAsync(_system);
        await visit.SignInAsync(await _system.Game.NewAsync(coins: 500), "500");
        await _system.ChangePriceAsync(sku, 120);
        // The refusal says the price; nothing else has to be asked, and could be away.
        await visit.Page.RouteAsync("**/packages", route => route.AbortAsync());
        await visit.Claim(sku).ClickAsync();
        await Expect(visit.Headline).ToHaveTextAsync("The price has changed");
        await Expect(visit.Status).ToHaveTextAsync($"{sku} costs 120 coins now, not 100. Nothing was taken.");
        await visit.Dialog.GetByRole(AriaRole.Button, new() { Name = "Claim for 120 coins" }).ClickAsync();
        await Expect(visit.Headline).ToHaveTextAsync($"{sku} is yours!");
        await Expect(visit.Status).ToContainTextAsync("You have 380 coins.");
        visit.AssertNoFaults("409");
    }

    [Fact]
    public async Task What_was_taken_off_sale_meanwhile_is_said_in_a_players_words()
    {
        var sku = Players.NewName("mask");
        await _system.OfferAsync((sku, 100, 5));
        await using var visit = await chromium.VisitAsync(_system);
        await visit.SignInAsync(await _system.Game.NewAsync(coins: 500), "500");
        await _system.GiveAsync("store", "take-off-sale", new[] { new { sku } });
        await visit.Claim(sku).ClickAsync();
        await Expect(visit.Headline).ToHaveTextAsync($"{sku} is not sold any more");
        await Expect(visit.Status).ToHaveTextAsync("Nothing was taken from your coins.");
        visit.AssertNoFaults("422");
    }

    /// <summary>Tab until the focus is there, as somebody without a mouse does.</summary>
    private static async Task TabToAsync(Visit visit, string selector)
    {
        for (var tabs = 0; tabs < MostTabs; tabs++)
        {
            if (await visit.Page.EvaluateAsync<bool>("s => document.activeElement.matches(s)", selector)) return;
            await visit.Page.Keyboard.PressAsync("Tab");
        }
        Assert.Fail($"{MostTabs} times Tab do not lead to {selector}.");
    }
}
