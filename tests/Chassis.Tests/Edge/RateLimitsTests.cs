using Checkout.Chassis.Edge;
using Checkout.Chassis.Tests.Identity;
using Checkout.Chassis.Tests.Running;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

public sealed class RateLimitsTests : IDisposable
{
    private readonly Provider _provider = new();
    private readonly TaskCompletionSource _goOn = new();

    [Fact]
    public async Task Whoever_asks_too_often_is_told_when_to_come_again_and_nobody_else_notices()
    {
        await using var app = await StartAsync(new() { RequestsPerSecond = 1, Burst = 5 });
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AskAsync(app, "player-1")));
        Assert.InRange(answers.Count(answer => answer.Status == 200), 5, 8);
        Assert.All(answers.Where(answer => answer.Status != 200), answer =>
        {
            Assert.Equal((429, "1"), (answer.Status, answer.Headers["Retry-After"]));
            Assert.StartsWith("application/problem+json", answer.Headers["Content-Type"], StringComparison.Ordinal);
            Assert.Contains("More than 1 requests a second", answer.Body, StringComparison.Ordinal);
        });
        Assert.Equal(200, (await AskAsync(app, "player-2")).Status);
        Assert.Equal(200, (await app.SendAsync("GET /open HTTP/1.1")).Status);
    }

    [Fact]
    public async Task What_one_caller_has_open_is_counted_and_what_ends_is_given_back()
    {
        await using var app = await StartAsync(new() { MostOpen = 2 });
        var open = Enumerable.Range(0, 2).Select(_ => AskAsync(app, "player-1", "/long")).ToList();
        await Fixtures.Eventually.Until(async () => (await AskAsync(app, "player-1")).Status == 429, "both are open");
        Assert.Equal(200, (await AskAsync(app, "player-2")).Status);
        _goOn.SetResult();
        Assert.All(await Task.WhenAll(open), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(200, (await AskAsync(app, "player-1")).Status);
    }

    [Fact]
    public async Task Whoever_has_no_right_to_ask_does_not_use_up_anothers()
    {
        await using var app = await StartAsync(new() { RequestsPerSecond = 1, Burst = 2 });
        for (var i = 0; i < 10; i++)
            Assert.Equal(401, (await app.SendAsync($"GET / HTTP/1.1\r\nAuthorization: Bearer {_provider.Forged()}"))
                .Status);
        Assert.Equal(200, (await AskAsync(app, "player-1")).Status);
    }

    [Fact]
    public async Task Tokens_that_speak_of_nobody_are_counted_together()
    {
        await using var app = await StartAsync(new() { RequestsPerSecond = 1, Burst = 2 });
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => AskAsync(app, null)));
        Assert.Contains(answers, answer => answer.Status == 429);
        Assert.Equal(200, (await AskAsync(app, "player-1")).Status);
    }

    [Theory]
    [InlineData(0, 1, "Edge:RequestsPerSecond is 0")]
    [InlineData(1, 0, "Edge:Burst is 0")]
    public void A_limit_is_a_number_from_1(int each, int burst, string said) => Assert.StartsWith(said,
        Assert.Single(new EdgeOptions { RequestsPerSecond = each, Burst = burst }.Problems()),
        StringComparison.Ordinal);

    public void Dispose() => _provider.Dispose();

    private Task<EdgeApp> StartAsync(EdgeOptions limits)
    {
        var settings = _provider.Settings;
        settings.Edge = limits;
        return EdgeApp.StartAsync(app =>
        {
            app.MapGet("/", () => "here");
            app.MapGet("/open", () => "open").AllowAnonymous();
            app.MapGet("/long", async () =>
            {
                await _goOn.Task;
                return "at last";
            });
        }, settings);
    }

    private Task<RawAnswer> AskAsync(EdgeApp app, string? who, string path = "/") =>
        app.SendAsync($"GET {path} HTTP/1.1\r\nAuthorization: Bearer {_provider.Token(who)}");
}
