using Checkout.Chassis.Edge;
using Checkout.Chassis.Tests.Running;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

public sealed class SingleHeaderTests
{
    [Theory]
    [InlineData("Who: p2\nWho: p3")]
    [InlineData("Who: p2\nWho: p2")]
    [InlineData("Who: p2\nwho: p3\nWHO:")]
    [InlineData("Who:\nWho: p3")]
    public async Task A_header_that_says_who_asks_may_come_once(string headers)
    {
        await using var app = await StartAsync();
        var answer = await app.SendAsync($"GET / HTTP/1.1\n{headers}");
        Assert.Equal(400, answer.Status);
        Assert.Contains("The header Who came", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Who: p2", "p2")]
    [InlineData("Who: p2, p3", "p2, p3")]
    [InlineData("Other: p2\nOther: p3", "nobody")]
    public async Task Once_it_is_as_it_came(string headers, string who)
    {
        await using var app = await StartAsync();
        var answer = await app.SendAsync($"GET / HTTP/1.1\n{headers}");
        Assert.Equal(200, answer.Status);
        Assert.Contains($"<{who}>", answer.Body, StringComparison.Ordinal);
    }

    private static Task<EdgeApp> StartAsync() => EdgeApp.StartAsync(app =>
        app.MapRead("/", (HttpRequest request) =>
            TypedResults.Text($"<{SingleHeader.Of(request, "Who") ?? "nobody"}>")));
}
