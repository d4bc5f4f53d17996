using System.Text.RegularExpressions;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Storefront;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Dapper;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Npgsql;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Checkout.EndToEnd.Observing;

/// <summary>
/// The Observer's page in a real browser: figures before and without any script, then as they come; the look-up, by
/// keyboard; and axe.
/// </summary>
public sealed partial class BoardTests(Chromium chromium) : IClassFixture<Chromium>, IDisposable
{
    private const string LookUp = "A checkout's id, or a customer's";
    private const string Hostile = "\"><script>alert(1)</script>";

    private static readonly ViewportSize Phone = new() { Width = 360, Height = 740 };
    private static readonly ViewportSize Desk = new() { Width = 1280, Height = 860 };

    private readonly TestFolder _folder = new("board");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [GeneratedRegex(@"^1 purchases, 1 wrong, oldest waiting \d+\.\d s, audit \d+\.\d s behind$")]
    private static partial Regex OneWrong();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Who_signs_in_with_support_sees_one_line_the_picture_with_live_counts_and_any_checkout()
    {
        await using var system = await TestSystem.StartAsync("board",
            TestSystem.Options(_folder) with { Observed = true });
        var customer = await system.Game.NewAsync(coins: 600);
        var checkout = await system.Game.EndOfAsync(customer,
            await system.Game.BuyAsync(customer, "gorilla", "board", Cancel));
        await using var visit = await VisitAsync(system);
        await OnlySupportSeesFiguresAsync(visit);
        await AnythingIsLookedUpAsync(visit, customer, checkout.CheckoutId);
        await WrongAsync(system);
        await WithoutScriptsItIsAllThereAsync(system);
        await ATabOfItsOwnSeesFiguresAndMaySignInAsync(visit);
        await WhatTheServerMadeStaysWhenTheScriptTakesOverAsync(visit);

        // What comes while it is open moves the counts.
        var other = await system.Game.NewAsync(coins: 600);
        await system.Game.EndOfAsync(other, await system.Game.BuyAsync(other, "gorilla", "board", Cancel));
        await Expect(Count(visit, "CheckoutCompleted")).ToHaveTextAsync("2");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(Line(visit)).ToHaveTextAsync("Sign in to see how everything is.");
        await visit.Page.ReloadAsync();
        await Expect(Line(visit)).ToHaveTextAsync("Sign in to see how everything is.");
        visit.AssertNoFaults("403");
    }

    private static async Task OnlySupportSeesFiguresAsync(Visit visit)
    {
        await Expect(Line(visit)).ToHaveTextAsync("Sign in to see how everything is.");
        await AssertGoodAsync(visit, "board-out");

        // A token without the scope is told so.
        await SignInAsync(visit, "player-1", scope: null);
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("does not give the right");

        await SignInAsync(visit);
        await Expect(Line(visit)).ToContainTextAsync("1 purchases, 0 wrong, oldest waiting 0.0 s");
        await Expect(Count(visit, "CheckoutCompleted")).ToHaveTextAsync("1");
        await Expect(visit.Page.Locator("#violations")).ToContainTextAsync("Nothing is wrong.");
        var processes = visit.Page.Locator("#processes tbody");
        await Expect(processes).ToContainTextAsync("inventory");
        // How its rows compare with its events, and how far its topic is.
        await Expect(processes).ToContainTextAsync(ComparedRows());
        await Expect(processes).ToContainTextAsync(PublishedTopic());
        await Expect(visit.Page.Locator("#as-of")).ToBeHiddenAsync();
    }

    [GeneratedRegex(@"balanceanswersup to \d+, \d+ s ago\d+")]
    private static partial Regex ComparedRows();

    [GeneratedRegex(@"balance\.accounts: \d+ of \d+, active")]
    private static partial Regex PublishedTopic();

    /// <summary>By keyboard alone.</summary>
    private static async Task AnythingIsLookedUpAsync(Visit visit, string customer, Guid checkoutId)
    {
        var page = visit.Page;
        await page.GetByLabel(LookUp).FocusAsync();
        await page.Keyboard.TypeAsync($"{checkoutId}");
        await page.Keyboard.PressAsync("Enter");
        var found = page.GetByRole(AriaRole.Region, new() { Name = "What was found" });
        await Expect(found).ToContainTextAsync($"gorilla for {customer}: completed");
        await Expect(found.Locator("tbody tr td:first-child")).ToHaveTextAsync(
            ["CheckoutCreated", "BalanceDeducted", "AvatarAssigned", "CheckoutCompleted"]);
        await page.GetByLabel(LookUp).FillAsync(customer);
        await page.Keyboard.PressAsync("Enter");
        await Expect(found).ToContainTextAsync("ACHIEVEMENT");
        await AssertGoodAsync(visit, "board-in");
        await page.SetViewportSizeAsync(Phone.Width, Phone.Height);
        await AssertGoodAsync(visit, "board-phone");
        await page.SetViewportSizeAsync(Desk.Width, Desk.Height);
    }

    /// <summary>As if the audit had found it.</summary>
    private static async Task WrongAsync(TestSystem system)
    {
        await using var database = new NpgsqlConnection(system.Local.Postgres.ConnectionString("observer"));
        await database.ExecuteAsync(
            """
            INSERT INTO violations (kind, subject, what, first_at, events)
            VALUES ('event-twice', @Hostile, @Hostile, now(), jsonb_build_array(jsonb_build_object('who', @Hostile)))
            """, new { Hostile });
        // Figures are read every second, and a page without scripts says those of when it was asked for.
        await Eventually.Until(async () => (await Answer.GetAsAsync("support", system.Addresses.Observer + "/summary"))
            .Json.GetProperty("wrong").GetInt64() == 1, "it is summed up");
    }

    private async Task WithoutScriptsItIsAllThereAsync(TestSystem system)
    {
        await using var visit = await VisitAsync(system, areScriptsOn: false);
        var page = visit.Page;
        await SignInAsync(visit);
        await Expect(Line(visit)).ToHaveTextAsync(OneWrong());
        await Expect(Count(visit, "CheckoutCompleted")).ToHaveTextAsync("1");
        await Expect(page.Locator("#events")).ToContainTextAsync("0 coins are paid and not delivered");
        await Expect(page.Locator("#as-of")).ToContainTextAsync("Load it again to see how it is now.");
        await Expect(page.Locator("#stuck")).ToHaveTextAsync("Nothing is stuck.");
        await Expect(page.Locator("#violations article > p")).ToHaveTextAsync(Hostile);
        await Expect(page.Locator("#processes tbody")).ToContainTextAsync(ComparedRows());
        // What only a script can do is not there.
        await Expect(page.GetByLabel(LookUp)).ToBeHiddenAsync();
        await Expect(page.GetByRole(AriaRole.Button)).ToHaveTextAsync(["Sign out"]);
        await visit.PictureAsync("board-unscripted", whole: true);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(Line(visit)).ToHaveTextAsync("Sign in to see how everything is.");
        visit.AssertNoFaults();
    }

    /// <summary>The browser's cookie is for all tabs, and a token for what is live is each tab's.</summary>
    private static async Task ATabOfItsOwnSeesFiguresAndMaySignInAsync(Visit visit)
    {
        var tab = new Visit(await visit.Page.Context.NewPageAsync(), visit.System);
        await tab.Page.GotoAsync(visit.Page.Url);
        await Expect(Line(tab)).ToHaveTextAsync(OneWrong());
        await Expect(tab.Page.Locator("#sign-in-why")).ToBeVisibleAsync();
        await Expect(tab.Page.Locator("#as-of")).ToBeVisibleAsync();
        await AssertGoodAsync(tab, "board-tab");
        await tab.Page.GetByLabel(LookUp).FillAsync("player-1");
        await tab.Page.Keyboard.PressAsync("Enter");
        await Expect(tab.Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Sign in first.");
        await Expect(tab.Page.GetByLabel("A token of the scope support")).ToBeFocusedAsync();
        tab.AssertNoFaults();
        await tab.Page.CloseAsync();
    }

    private static async Task WhatTheServerMadeStaysWhenTheScriptTakesOverAsync(Visit visit)
    {
        var page = visit.Page;
        var released = new TaskCompletionSource();
        await page.RouteAsync("**/assets/board.*.js", async route =>
        {
            await released.Task;
            await route.ContinueAsync();
        });
        await page.ReloadAsync(new() { WaitUntil = WaitUntilState.Commit });
        // Somebody is faster than the script.
        await page.GetByText("The events that show it").ClickAsync();
        await page.GetByLabel("Why it is settled").FillAsync("a dr");
        var made = await page.QuerySelectorAllAsync(
            "#stuck *, #parked *, #violations *, #processes td, [data-event]");
        Assert.True(made.Count > 20, $"{made.Count} elements");
        released.SetResult();
        await Expect(page.Locator("#as-of")).ToBeHiddenAsync();
        await Expect(page.Locator("#violations details")).ToHaveAttributeAsync("open", "");
        foreach (var element in made)
            Assert.True(await element.EvaluateAsync<bool>("e => e.isConnected"), "It was made anew.");
        await Expect(page.GetByLabel("Why it is settled")).ToHaveValueAsync("a dr");

        await page.GetByLabel("Why it is settled").PressSequentiallyAsync("ill");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#violations")).ToContainTextAsync("Settled by sre-1: a drill");
        await Expect(Line(visit)).ToContainTextAsync("0 wrong");
    }

    private Task<Visit> VisitAsync(TestSystem system, bool areScriptsOn = true) => chromium.VisitAsync(system, new()
    {
        ViewportSize = Desk,
        ReducedMotion = ReducedMotion.Reduce,
        JavaScriptEnabled = areScriptsOn,
    }, system.Addresses.Observer + "/");

    private static ILocator Line(Visit visit) => visit.Page.GetByRole(AriaRole.Status);

    private static ILocator Count(Visit visit, string told) => visit.Page.Locator($"[data-event={told}]");

    private static async Task SignInAsync(Visit visit, string who = "sre-1", string? scope = "support")
    {
        await visit.Page.GetByLabel("A token of the scope support").FillAsync(
            visit.System.Local.Tokens.For(who, DateTime.UtcNow, scope));
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
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
