using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Microsoft.Playwright;
using Xunit;

namespace Checkout.EndToEnd.Storefront;

/// <summary>A real browser, for the tests of one class. Each visit is a profile of its own.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

    /// <summary>It asks nobody for anything by itself, and runs as root in a container.</summary>
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    /// <summary>For what must come, on a machine that is busy with other tests.</summary>
    private const float PatienceMs = 60_000;

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        var program = Places.FirstOrDefault(File.Exists) ?? throw Prerequisite.Missing("chromium",
            "Chromium is not on this machine: install it (Debian: apt-get install chromium).");
        Assertions.SetDefaultExpectTimeout(PatienceMs);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = Arguments });
    }

    /// <summary>Opens the page of a system's store.</summary>
    /// <param name="url">Another page of it.</param>
    public async Task<Visit> VisitAsync(TestSystem system, BrowserNewContextOptions? options = null, string? url = null)
    {
        var context = await _browser!.NewContextAsync(options ?? new());
        context.SetDefaultTimeout(PatienceMs);
        var visit = new Visit(await context.NewPageAsync(), system);
        await visit.Page.GotoAsync(url ?? system.Addresses.Store + "/");
        return visit;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
