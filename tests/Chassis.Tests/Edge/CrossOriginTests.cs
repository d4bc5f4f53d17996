using Checkout.Chassis.Edge;
using Checkout.Chassis.Tests.Identity;
using Checkout.Chassis.Tests.Running;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

public sealed class CrossOriginTests : IDisposable
{
    private const string Store = "https://store.example.com";

    private readonly Provider _provider = new();

    [Fact]
    public async Task A_page_that_is_allowed_may_ask_before_it_has_a_token_and_reads_what_it_needs()
    {
        await using var app = await StartAsync();
        var before = await app.SendAsync($"OPTIONS / HTTP/1.1\r\nOrigin: {Store}\r\n"
            + "Access-Control-Request-Method: POST\r\n"
            + "Access-Control-Request-Headers: authorization,content-type,idempotency-key");
        Assert.Equal((204, Store), (before.Status, before.Headers["Access-Control-Allow-Origin"]));
        foreach (var header in new[] { "Authorization", "Idempotency-Key", "Content-Type" })
            Assert.Contains(header, before.Headers["Access-Control-Allow-Headers"], StringComparison.Ordinal);
        Assert.False(before.Headers.ContainsKey("Access-Control-Allow-Credentials"));

        foreach (var authorization in new[] { $"\r\nAuthorization: Bearer {_provider.Token()}", "" })
        {
            var answer = await app.SendAsync($"GET / HTTP/1.1\r\nOrigin: {Store}{authorization}");
            Assert.Equal((authorization == "" ? 401 : 200, Store),
                (answer.Status, answer.Headers["Access-Control-Allow-Origin"]));
            foreach (var header in new[] { "Location", "traceresponse", "Retry-After" })
                Assert.Contains(header, answer.Headers["Access-Control-Expose-Headers"], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("https://store.example.com.evil.example")]
    [InlineData("http://store.example.com")]
    [InlineData("null")]
    public async Task Any_other_page_may_not(string origin)
    {
        await using var app = await StartAsync();
        foreach (var head in new[] { "OPTIONS / HTTP/1.1\r\nAccess-Control-Request-Method: POST", "GET / HTTP/1.1" })
            Assert.False((await app.SendAsync($"{head}\r\nOrigin: {origin}")).Headers
                .ContainsKey("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("https://store.example.com/")]
    [InlineData("https://Store.example.com")]
    [InlineData("store.example.com")]
    [InlineData("ftp://store.example.com")]
    public void What_is_no_origin_is_told(string origin) => Assert.Contains($"Edge:AllowedOrigins has {origin}",
        Assert.Single(new EdgeOptions { AllowedOrigins = [origin] }.Problems()), StringComparison.Ordinal);

    [Fact]
    public async Task Every_answer_keeps_pages_apart_and_names_no_server()
    {
        await using var app = await StartAsync();
        foreach (var head in new[] { "GET / HTTP/1.1", "GET /nothing HTTP/1.1", "GET /broken HTTP/1.1" })
        {
            var answer = await app.SendAsync($"{head}\r\nAuthorization: Bearer {_provider.Token()}");
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
            Assert.Equal("no-referrer", answer.Headers["Referrer-Policy"]);
            Assert.Equal("default-src 'none'; frame-ancestors 'none'", answer.Headers["Content-Security-Policy"]);
            Assert.False(answer.Headers.ContainsKey("Server"));
            Assert.DoesNotContain("   at ", answer.Body, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _provider.Dispose();

    private Task<EdgeApp> StartAsync()
    {
        var settings = _provider.Settings;
        settings.Edge = new() { AllowedOrigins = [Store] };
        return EdgeApp.StartAsync(app =>
        {
            app.MapGet("/", () => "here");
            app.MapGet("/broken", string () => throw new InvalidOperationException("broken"));
        }, settings);
    }
}
