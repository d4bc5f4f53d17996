using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Checkout.Chassis.Tests.Identity;

/// <summary>A provider that is asked for its keys.</summary>
public sealed class AuthorityTests : IDisposable
{
    private const int Askers = 20;

    /// <summary>What clients are promised.</summary>
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(3);

    private readonly Provider _provider = new();
    private readonly TcpListener _silent = new(IPAddress.Loopback, 0);

    [Fact]
    public async Task Where_an_authority_is_silent_all_who_ask_are_told_so_in_time()
    {
        _silent.Start();
        await using var app = await StartAsync($"http://{_silent.LocalEndpoint}");
        var begun = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, Askers).Select(_ => AskAsync(app)));
        Assert.All(answers, answer => Assert.Equal(503, answer.Status));
        Assert.Equal(200, (await app.SendAsync("GET /open HTTP/1.1")).Status);
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, Promised);
        // It need not be known for what answers to everybody.
        Assert.Equal(200, (await AskAsync(app, path: "/open")).Status);
        Assert.Contains("True: The token can't be checked now",
            (await app.SendAsync($"GET /handed HTTP/1.1\r\nX-Handed: {_provider.Token()}")).Body,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_an_authority_adds_is_taken_without_a_restart()
    {
        await using var authority = await StartAuthorityAsync(() => Task.CompletedTask);
        await using var app = await StartAsync(authority.Url.ToString());
        Assert.Equal(200, (await AskAsync(app)).Status);
        _provider.AddKey("second");
        await Eventually.Until(async () => (await AskAsync(app, "second")).Status == 200, "the new key is known");
    }

    [Fact]
    public async Task A_key_that_was_made_for_development_is_no_authoritys()
    {
        _provider.AddKey("development-only-1");
        await using var authority = await StartAuthorityAsync(() => Task.CompletedTask);
        await using var app = await StartAsync(authority.Url.ToString());
        Assert.Equal(200, (await AskAsync(app)).Status);
        Assert.Equal(401, (await AskAsync(app, "development-only-1")).Status);
    }

    [Fact]
    public async Task Where_an_authority_falls_silent_its_keys_stay_good_and_forged_tokens_hold_nobody_up()
    {
        var falls = new TaskCompletionSource();
        var isSilent = false;
        await using var authority = await StartAuthorityAsync(() => isSilent ? falls.Task : Task.CompletedTask);
        await using var app = await StartAsync(authority.Url.ToString());
        Assert.Equal(200, (await AskAsync(app)).Status);
        isSilent = true;
        using var other = new Provider();
        other.AddKey("unknown");
        var forged = other.Token(key: "unknown");
        var begun = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, Askers).Select(_ => app.SendAsync(
            $"GET / HTTP/1.1\r\nAuthorization: Bearer {forged}")));
        Assert.All(answers, answer => Assert.Equal(401, answer.Status));
        Assert.Equal(200, (await AskAsync(app)).Status);
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, Promised);
        falls.SetResult();
    }

    public void Dispose()
    {
        _silent.Dispose();
        _provider.Dispose();
    }

    private Task<EdgeApp> StartAuthorityAsync(Func<Task> before) => EdgeApp.StartAsync(app =>
    {
        app.MapGet("/.well-known/openid-configuration", async (HttpRequest request) =>
        {
            await before();
            return Results.Json(new { issuer = Provider.Issuer, jwks_uri = $"http://{request.Host}/keys" });
        });
        app.MapGet("/keys", () => Results.Text(_provider.KeySet(), "application/json"));
    });

    private static Task<EdgeApp> StartAsync(string authority) => EdgeApp.StartAsync(app =>
    {
        app.MapGet("/", (Caller caller) => caller.Id);
        app.MapGet("/open", () => "open").AllowAnonymous();
        app.MapGet("/handed", async (HttpContext http) =>
        {
            var handed = await HandedToken.JudgeAsync(http, http.Request.Headers["X-Handed"].ToString());
            return Results.Text($"{handed.IsUnchecked}: {handed.Problem}");
        }).AllowAnonymous();
    }, new() { Identity = { Authority = authority, Audience = Provider.Audience } });

    private Task<RawAnswer> AskAsync(EdgeApp app, string key = "first", string path = "/") =>
        app.SendAsync($"GET {path} HTTP/1.1\r\nAuthorization: Bearer {_provider.Token(key: key)}");
}
