using Checkout.EndToEnd.Systems;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Checkout.EndToEnd.Storefront;

/// <summary>A claim goes on, and is one purchase, whatever happens on its way.</summary>
[Collection(SharedSystem.Collection)]
public sealed class TroubleTests(SharedSystem shared, Chromium chromium) : IClassFixture<Chromium>
{
    private readonly TestSystem _system = shared.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_claim_survives_that_Inventory_is_away_and_Store_dies_while_it_is_followed()
    {
        var player = await _system.Game.NewAsync(coins: 600);
        await using var visit = await chromium.VisitAsync(_system);
        await visit.SignInAsync(player, "600");
        await _system["inventory"].StopAsync();
        try
        {
            await visit.Claim("gorilla").ClickAsync();
            await Expect(visit.Steps).ToHaveTextAsync(["Your claim is in", "Your coins were taken"]);
            await Expect(visit.Coins).ToHaveTextAsync("100");
            await Expect(visit.Trouble).ToHaveTextAsync(
                "This takes longer than usual: it waits for Inventory, which hands out the avatars. Nothing is lost.");
            await visit.PictureAsync("waiting");

            await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Keep shopping" }).ClickAsync();
            await Expect(visit.Page.Locator("#under-way")).ToContainTextAsync("Gorilla: Fetching your avatar…");
            await _system["store"].KillForGoodAsync();
            await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
            await Expect(visit.Trouble).ToContainTextAsync("The connection broke. Your claim goes on");
            await _system["store"].StartAsync();
        }
        finally
        {
            await Task.WhenAll(_system["store"].StartAsync(), _system["inventory"].StartAsync());
            await Task.WhenAll(_system["store"].ReadyAsync(Cancel), _system["inventory"].ReadyAsync(Cancel));
        }
        await Expect(visit.Headline).ToHaveTextAsync("Gorilla is yours!");
        await Expect(visit.Steps).ToHaveCountAsync(4);
        await Expect(visit.Trouble).ToBeHiddenAsync();
        visit.AssertNoFaults("Failed to load resource", "ERR_");
    }

    [Fact]
    public async Task A_stream_that_breaks_is_taken_up_where_it_broke()
    {
        var lastIds = new List<string?>();
        var posted = "";
        await using var visit = await chromium.VisitAsync(_system);
        await visit.SignInAsync(await _system.Game.NewAsync(coins: 500), "500");
        await visit.Page.RouteAsync("**/checkouts", async route =>
        {
            var answer = await route.FetchAsync();
            posted = await answer.TextAsync();
            await route.FulfillAsync(new() { Response = answer });
        });
        await visit.Page.RouteAsync("**/checkouts/*/events", async route =>
        {
            lastIds.Add(await route.Request.HeaderValueAsync("last-event-id"));
            if (lastIds.Count > 1)
            {
                await route.ContinueAsync();
                return;
            }
            // What was known at the post, and half of another message.
            await route.FulfillAsync(new()
            {
                ContentType = "text/event-stream",
                Body = $"event: checkout\nid: first\ndata: {posted}\n\nevent: checkout\nid: half\nda",
            });
        });
        await visit.Claim("gorilla").ClickAsync();
        await Expect(visit.Headline).ToHaveTextAsync("Gorilla is yours!");
        Assert.Equal([null, "first"], lastIds);
        visit.AssertNoFaults();
    }

    [Fact]
    public async Task A_claim_whose_time_is_up_is_said_to_end_all_the_same()
    {
        await using var visit = await chromium.VisitAsync(_system);
        await visit.SignInAsync(await _system.Game.NewAsync(coins: 500), "500");
        // As hours later, when everything stands: nothing more is told.
        await visit.Page.RouteAsync("**/checkouts/*/events", _ => Task.CompletedTask);
        await visit.Page.RouteAsync("**/checkouts", async route =>
        {
            var answer = await route.FetchAsync();
            var view = (await answer.TextAsync()).Replace("\"overdue\":false", "\"overdue\":true",
                StringComparison.Ordinal);
            await route.FulfillAsync(new() { Response = answer, Body = view });
        });
        await visit.Claim("gorilla").ClickAsync();
        await Expect(visit.Trouble).ToHaveTextAsync("Its time is up, and it waits for Balance, which takes the coins. "
            + "It will still end: either you have it, or your coins come back. Nothing is lost.");
        visit.AssertNoFaults();
    }

    [Theory]
    [InlineData(503, "The store is busy right now.")]
    [InlineData(429, "That was quicker than the store allows.")]
    [InlineData(0, "The store can't be reached right now.")]
    public async Task What_is_not_answered_is_sent_again_as_the_same_purchase(int status, string words)
    {
        var keys = new List<string?>();
        var player = await _system.Game.NewAsync(coins: 1_000);
        await using var visit = await chromium.VisitAsync(_system);
        await visit.SignInAsync(player, "1,000");
        await visit.Page.RouteAsync("**/checkouts", async route =>
        {
            keys.Add(await route.Request.HeaderValueAsync("idempotency-key"));
            // The first one arrives, and only its answer is lost.
            if (keys.Count == 1) await route.FetchAsync();
            if (keys.Count > 1) await route.ContinueAsync();
            else if (status == 0) await route.AbortAsync();
            else
                await route.FulfillAsync(new()
                {
                    Status = status,
                    Headers = new Dictionary<string, string> { ["Retry-After"] = "1" },
                    Body = "",
                });
        });
        await visit.Claim("gorilla").ClickAsync();
        await Expect(visit.Trouble).ToContainTextAsync(words);
        await Expect(visit.Trouble).ToContainTextAsync("as the same purchase: you pay once.");
        await Expect(visit.Headline).ToHaveTextAsync("Gorilla is yours!");
        await Expect(visit.Status).ToContainTextAsync("You have 500 coins.");
        Assert.Equal(2, keys.Count);
        Assert.Single(keys.Distinct());
        Assert.Matches("^\"[0-9a-f]{32}\"$", keys[0]);
        visit.AssertNoFaults("Failed to load resource");
    }

    [Fact]
    public async Task Whose_session_ends_signs_in_again_and_the_claim_goes_on()
    {
        var player = await _system.Game.NewAsync(coins: 600);
        await using var visit = await chromium.VisitAsync(_system);
        await visit.SignInAsync(player, "600");
        string? lost = null;
        await visit.Page.RouteAsync("**/checkouts", async route =>
        {
            lost = await route.Request.HeaderValueAsync("idempotency-key");
            await route.ContinueAsync(new()
            {
                Headers = new Dictionary<string, string>(route.Request.Headers)
                {
                    ["authorization"] = $"Bearer {_system.Local.Tokens.For(player, DateTime.UtcNow.AddDays(-2))}",
                },
            });
        }, new() { Times = 1 });
        await visit.Claim("gorilla").ClickAsync();
        await Expect(visit.Page.Locator("#note")).ToHaveTextAsync(
            "Your session has ended. Sign in again: your claim of Gorilla is kept, and goes on.");
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Who is playing?" })).ToBeFocusedAsync();

        var again = visit.Page.WaitForRequestAsync("**/checkouts");
        await visit.SignInAsync(player, "100");
        Assert.Equal(lost, await (await again).HeaderValueAsync("idempotency-key"));
        await Expect(visit.Headline).ToHaveTextAsync("Gorilla is yours!");
        visit.AssertNoFaults("401");
    }

    [Fact]
    public async Task A_page_that_is_loaded_again_follows_its_claim_to_the_end()
    {
        await using var visit = await chromium.VisitAsync(_system);
        await visit.SignInAsync(await _system.Game.NewAsync(coins: 600), "600");
        await visit.Page.RouteAsync("**/checkouts/*/events", route => route.AbortAsync());
        await visit.Claim("gorilla").ClickAsync();
        await Expect(visit.Trouble).ToContainTextAsync("The connection broke.");
        await visit.Page.UnrouteAllAsync();
        await visit.Page.ReloadAsync();
        await Expect(visit.Headline).ToHaveTextAsync("Gorilla is yours!");
        await Expect(visit.Coins).ToHaveTextAsync("100");
        visit.AssertNoFaults("ERR_FAILED");
    }
    [Fact]
    public async Task Two_tabs_of_a_player_keep_a_claim_each()
    {
        var (player, other) = (await _system.Game.NewAsync(coins: 600), Players.NewName("mask"));
        await _system.OfferAsync((other, 100, 1));
        await using var visit = await chromium.VisitAsync(_system);
        var tab = new Visit(await visit.Page.Context.NewPageAsync(), _system);
        await tab.Page.GotoAsync(_system.Addresses.Store + "/");
        foreach (var one in (Visit[])[visit, tab]) await one.SignInAsync(player, "600");
        string? kept = null;
        await visit.Page.RouteAsync("**/checkouts", async route =>
        {
            kept = await route.Request.HeaderValueAsync("idempotency-key");
            await route.AbortAsync();
        });
        await visit.Claim("gorilla").ClickAsync();
        await Expect(visit.Trouble).ToContainTextAsync("you pay once.");

        await tab.Claim(other).ClickAsync();
        await Expect(tab.Status).ToContainTextAsync("You have 500 coins.");
        await tab.Page.Keyboard.PressAsync("Escape");
        // The other tab's is meant, whose end nobody saw.
        var again = tab.Page.WaitForRequestAsync("**/checkouts");
        await tab.Claim("gorilla").ClickAsync();
        Assert.Equal(kept, await (await again).HeaderValueAsync("idempotency-key"));
        await Expect(tab.Headline).ToHaveTextAsync("Gorilla is yours!");
    }

    [Fact]
    public async Task Who_is_signed_in_by_the_game_sees_nothing_of_who_played_before()
    {
        var (player, next) = (await _system.Game.NewAsync(coins: 600), await _system.Game.NewAsync(coins: 7));
        await using var visit = await chromium.VisitAsync(_system);
        await visit.SignInAsync(player, "600");
        await visit.Claim("gorilla").ClickAsync();
        await Expect(visit.Status).ToContainTextAsync("You have 100 coins.");
        await visit.Page.EvaluateAsync("token => storefront.signIn(token)",
            _system.Local.Tokens.For(next, DateTime.UtcNow));
        await Expect(visit.Coins).ToHaveTextAsync("7");
        await Expect(visit.Dialog).ToBeHiddenAsync();
        visit.AssertNoFaults();
    }
}
