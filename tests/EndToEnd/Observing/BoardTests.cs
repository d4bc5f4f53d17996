using Checkout.EndToEnd.Storefront;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Checkout.EndToEnd.Observing;

/// <summary>The Observer's page in a real browser: figures as they come, the look-up, by keyboard, and axe.</summary>
public sealed class BoardTests(Chromium chromium) : IClassFixture<Chromium>, IDisposable
{
    private readonly TestFolder _folder = new("board");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Who_signs_in_with_support_sees_one_line_the_picture_with_live_counts_and_any_checkout()
    {
        await using var system = await TestSystem.StartAsync("board",
            TestSystem.Options(_folder) with { Observed = true });
        var customer = await system.Game.NewAsync(coins: 600);
        var checkout = await system.Game.EndOfAsync(customer,
            await system.Game.BuyAsync(customer, "gorilla", "board", Cancel));
        await using var visit = await chromium.VisitAsync(system, new()
        {
            ViewportSize = new() { Width = 1280, Height = 860 },
            ReducedMotion = ReducedMotion.Reduce,
        }, system.Addresses.Observer + "/");
        var page = visit.Page;
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Sign in to see how everything is.");
        await AssertGoodAsync(visit, "board-out");

        // A token without the scope is told so.
        await SignInAsync(page, system.Local.Tokens.For("player-1", DateTime.UtcNow));
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("does not give the right");

        await SignInAsync(page, system.Local.Tokens.For("sre-1", DateTime.UtcNow, "support"));
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("1 purchases, 0 wrong, oldest waiting 0.0 s");
        await Expect(page.Locator("[data-event=CheckoutCompleted]")).ToHaveTextAsync("1");
        await Expect(page.Locator("#violations")).ToContainTextAsync("Nothing is wrong.");
        await Expect(page.Locator("#processes")).ToContainTextAsync("inventory");

        // By keyboard alone.
        await page.GetByLabel("A checkout's id, or a customer's").FocusAsync();
        await page.Keyboard.TypeAsync($"{checkout.CheckoutId}");
        await page.Keyboard.PressAsync("Enter");
        var found = page.GetByRole(AriaRole.Region, new() { Name = "What was found" });
        await Expect(found).ToContainTextAsync($"gorilla for {customer}: completed");
        await Expect(found.Locator("tbody tr td:first-child")).ToHaveTextAsync(
            ["CheckoutCreated", "BalanceDeducted", "AvatarAssigned", "CheckoutCompleted"]);
        await page.GetByLabel("A checkout's id, or a customer's").FillAsync(customer);
        await page.Keyboard.PressAsync("Enter");
        await Expect(found).ToContainTextAsync("ACHIEVEMENT");
        await AssertGoodAsync(visit, "board-in");
        await page.SetViewportSizeAsync(360, 740);
        await AssertGoodAsync(visit, "board-phone");

        // What comes while it is open moves the counts.
        var other = await system.Game.NewAsync(coins: 600);
        await system.Game.EndOfAsync(other, await system.Game.BuyAsync(other, "gorilla", "board", Cancel));
        await Expect(page.Locator("[data-event=CheckoutCompleted]")).ToHaveTextAsync("2");
        visit.AssertNoFaults("403");
    }

    private static async Task SignInAsync(IPage page, string token)
    {
        await page.GetByLabel("A token of the scope support").FillAsync(token);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    private static async Task AssertGoodAsync(Visit visit, string name)
    {
        await visit.PictureAsync(name, whole: true);
        var found = await visit.Page.RunAxe();
        Assert.True(found.Violations.Length == 0, $"{name}: " + string.Join("; ", found.Violations.Select(violation =>
            $"{violation.Id} ({violation.Help}): " + string.Join(", ", violation.Nodes.Select(node => node.Html)))));
        var wider = await visit.Page.EvaluateAsync<int>(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(wider <= 0, $"{name} is {wider} pixels wider than its window.");
    }
}
