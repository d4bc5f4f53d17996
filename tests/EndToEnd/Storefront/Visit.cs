using System.Collections.Concurrent;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Checkout.EndToEnd.Storefront;

/// <summary>Somebody who looks at the store's page, by what they see and hear.</summary>
public sealed class Visit : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _faults = new();

    public Visit(IPage page, TestSystem system)
    {
        (Page, System) = (page, system);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") _faults.Enqueue($"{message.Type}: {message.Text}");
        };
        page.PageError += (_, error) => _faults.Enqueue(error);
    }

    public IPage Page { get; }

    public TestSystem System { get; }

    public ILocator Coins => Page.Locator("#coins-number");

    public ILocator Headline => Page.Locator("#purchase-title");

    public ILocator Status => Page.Locator("#purchase-status");

    public ILocator Trouble => Page.Locator("#purchase-trouble");

    /// <summary>Below the heading: what one owns.</summary>
    public ILocator Avatars => Page.GetByRole(AriaRole.Region, new() { Name = "Your avatars" })
        .GetByRole(AriaRole.Listitem);

    public ILocator Dialog => Page.GetByRole(AriaRole.Dialog);

    public ILocator Steps => Page.GetByRole(AriaRole.List, new() { Name = "What happened" }).Locator(".what");

    public ILocator Card(string sku) => Page.Locator($"li.card[data-sku=\"{sku}\"]");

    public ILocator Claim(string sku) => Card(sku).GetByRole(AriaRole.Button);

    /// <summary>By the demo's form; returns when the player's coins are there.</summary>
    public async Task SignInAsync(string player, string coins)
    {
        await Page.GetByLabel("someone else").CheckAsync();
        await Page.GetByLabel("Player id").FillAsync(player);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(Coins).ToHaveTextAsync(coins);
    }

    /// <summary>A picture among the test results, to be looked at.</summary>
    public async Task PictureAsync(string name, bool whole = false)
    {
        var folder = Path.Combine(Path.GetDirectoryName(TestLog.File)!, "storefront");
        // What still moves would be another picture each time.
        await Page.ScreenshotAsync(new()
        {
            Path = Path.Combine(folder, $"{name}.png"),
            FullPage = whole,
            Animations = ScreenshotAnimations.Disabled,
        });
    }

    /// <summary>Nothing on its console: no fault of the script, nothing that the policy had to stop.</summary>
    /// <param name="expected">Parts of what a test provoked: a browser writes down each answer that is a refusal.
    /// </param>
    public void AssertNoFaults(params string[] expected) => Assert.DoesNotContain(_faults, fault =>
        !expected.Any(part => fault.Contains(part, StringComparison.Ordinal)));

    public async ValueTask DisposeAsync() => await Page.Context.DisposeAsync();
}
