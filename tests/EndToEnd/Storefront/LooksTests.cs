using Checkout.EndToEnd.Systems;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Checkout.EndToEnd.Storefront;

/// <summary>How it looks and sounds: axe finds nothing, and nothing is wider than a phone.</summary>
[Collection(SharedSystem.Collection)]
public sealed class LooksTests(SharedSystem shared, Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly ViewportSize Phone = new() { Width = 360, Height = 740 };
    private static readonly ViewportSize Desk = new() { Width = 1280, Height = 860 };

    private readonly TestSystem _system = shared.System;

    [Theory]
    [InlineData(ColorScheme.Light, false)]
    [InlineData(ColorScheme.Dark, true)]
    public async Task It_is_accessible_and_fits(ColorScheme scheme, bool isPhone)
    {
        var name = $"{scheme}-{(isPhone ? "phone" : "desk")}".ToLowerInvariant();
        await using var visit = await chromium.VisitAsync(_system, new()
        {
            ColorScheme = scheme,
            ViewportSize = isPhone ? Phone : Desk,
            // What fades in has no contrast yet.
            ReducedMotion = ReducedMotion.Reduce,
        });
        await Expect(visit.Claim("gorilla")).ToBeVisibleAsync();
        await AssertGoodAsync(visit, $"{name}-out");

        await visit.SignInAsync(await _system.Game.NewAsync(coins: 600), "600");
        await Expect(visit.Card("gorilla")).ToContainTextAsync("left");
        await AssertGoodAsync(visit, $"{name}-in");

        await visit.Claim("gorilla").ClickAsync();
        await Expect(visit.Status).ToContainTextAsync("You have 100 coins.");
        await AssertGoodAsync(visit, $"{name}-claimed", whole: false);
        visit.AssertNoFaults();
    }

    [Fact]
    public async Task Who_wants_no_motion_gets_none()
    {
        await using var visit = await chromium.VisitAsync(_system, new() { ReducedMotion = ReducedMotion.Reduce });
        Assert.Equal(0, await visit.Page.EvaluateAsync<int>("() => document.getAnimations().length"));
    }

    private static async Task AssertGoodAsync(Visit visit, string name, bool whole = true)
    {
        await visit.PictureAsync(name, whole);
        var found = await visit.Page.RunAxe();
        Assert.True(found.Violations.Length == 0, $"{name}: " + string.Join("; ", found.Violations.Select(violation =>
            $"{violation.Id} ({violation.Help}): " + string.Join(", ", violation.Nodes.Select(node => node.Html)))));
        var wider = await visit.Page.EvaluateAsync<int>(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(wider <= 0, $"{name} is {wider} pixels wider than its window.");
    }
}
