using System.Net;
using Checkout.EndToEnd.Systems;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Checkout.EndToEnd.Storefront;

/// <summary>What anybody sees, with nothing but what the server sends first.</summary>
[Collection(SharedSystem.Collection)]
public sealed class CatalogueTests(SharedSystem shared, Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly HttpClient Http = new();

    private readonly TestSystem _system = shared.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_scripts_it_is_a_catalogue()
    {
        await using var visit = await chromium.VisitAsync(_system, new() { JavaScriptEnabled = false });
        var gorilla = visit.Card("gorilla");
        await Expect(gorilla.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Gorilla");
        await Expect(gorilla).ToContainTextAsync("500 coins");
        await Expect(visit.Page.Locator("noscript p")).ToBeVisibleAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Button)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task It_may_do_no_more_than_it_needs()
    {
        using var page = await Http.GetAsync(_system.Addresses.Store + "/", Cancel);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains($"connect-src 'self' {_system.Addresses.Balance} {_system.Addresses.Inventory};", policy,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_asked_for_each_time_and_sent_when_it_has_changed()
    {
        using var page = await Http.GetAsync(_system.Addresses.Store + "/", Cancel);
        Assert.Equal("no-cache", page.Headers.CacheControl?.ToString());
        using var again = new HttpRequestMessage(HttpMethod.Get, _system.Addresses.Store + "/")
        { Headers = { IfNoneMatch = { page.Headers.ETag! } } };
        using var answer = await Http.SendAsync(again, Cancel);
        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    [Fact]
    public async Task Its_assets_are_kept_for_good_and_another_versions_are_not()
    {
        await using var visit = await chromium.VisitAsync(_system);
        var script = await visit.Page.Locator("script[src]").GetAttributeAsync("src");
        using var asset = await Http.GetAsync(_system.Addresses.Store + script, Cancel);
        Assert.Equal("text/javascript", asset.Content.Headers.ContentType?.MediaType);
        Assert.Contains("immutable", asset.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
        Assert.NotNull(asset.Headers.ETag);
        const string others = "/assets/storefront.0123456789abcdef.js";
        using var other = await Http.GetAsync(_system.Addresses.Store + others, Cancel);
        Assert.True(other.Headers.CacheControl?.NoStore);
        using var none = await Http.GetAsync($"{_system.Addresses.Store}/assets/nothing.js", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_told_to_and_led_there()
    {
        await using var visit = await chromium.VisitAsync(_system);
        await Expect(visit.Claim("gorilla")).ToHaveAccessibleDescriptionAsync("Gorilla Sign in to claim it.");
        await visit.Claim("gorilla").PressAsync("Enter");
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Who is playing?" })).ToBeFocusedAsync();
        await Expect(visit.Dialog).ToBeHiddenAsync();
        visit.AssertNoFaults();
    }

    [Fact]
    public async Task A_page_elsewhere_can_not_sign_anybody_in_but_the_game_around_it_can()
    {
        await using var visit = await chromium.VisitAsync(_system);
        var player = await _system.Game.NewAsync(coins: 7);
        var token = _system.Local.Tokens.For(player, DateTime.UtcNow);
        await visit.Page.EvaluateAsync("token => storefront.signIn(token)", token);
        await Expect(visit.Coins).ToHaveTextAsync("7");
        await Expect(visit.Page.Locator("#player-name")).ToHaveTextAsync(player);
        var refused = await visit.Page.EvaluateAsync<string>(
            "() => { try { storefront.signIn('no token'); return ''; } catch (e) { return e.message; } }");
        Assert.Contains("no token of a player", refused, StringComparison.Ordinal);
        visit.AssertNoFaults();
    }
}
