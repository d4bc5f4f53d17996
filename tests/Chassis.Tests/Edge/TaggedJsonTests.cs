using Checkout.Chassis.Edge;
using Checkout.Chassis.Tests.Running;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

public sealed class TaggedJsonTests
{
    private string[] _value = ["gorilla"];

    [Fact]
    public async Task An_answer_has_the_tag_of_its_bytes_whoever_gives_it()
    {
        await using EdgeApp one = await StartAsync(), other = await StartAsync();
        var (first, again) = (await one.SendAsync("GET / HTTP/1.1"), await other.SendAsync("HEAD / HTTP/1.1"));
        Assert.Equal((200, "no-cache", "application/json; charset=utf-8"),
            (first.Status, first.Headers["Cache-Control"], first.Headers["Content-Type"]));
        Assert.Matches("^\"[A-Za-z0-9_-]{22}\"$", first.Headers["ETag"]);
        Assert.Contains("""["gorilla"]""", first.Body, StringComparison.Ordinal);
        Assert.Equal((first.Headers["ETag"], ""), (again.Headers["ETag"], again.Body));
        _value = ["tiger"];
        Assert.NotEqual(first.Headers["ETag"], (await one.SendAsync("GET / HTTP/1.1")).Headers["ETag"]);
    }

    /// <summary>RFC 9110, 13.1.2: a list, weak comparison, any.</summary>
    [Theory]
    [InlineData("{0}", 304)]
    [InlineData("W/{0}", 304)]
    [InlineData("\"other\", {0}", 304)]
    [InlineData("\"other\"\nIf-None-Match: {0}", 304)]
    [InlineData("*", 304)]
    [InlineData("\"other\"", 200)]
    [InlineData("W/\"other\"", 200)]
    [InlineData("nonsense", 200)]
    [InlineData("", 200)]
    public async Task Who_has_it_is_not_sent_it_again(string ifNoneMatch, int status)
    {
        await using var app = await StartAsync();
        var tag = (await app.SendAsync("GET / HTTP/1.1")).Headers["ETag"];
        foreach (var method in new[] { "GET", "HEAD" })
        {
            var answer = await app.SendAsync(
                $"{method} / HTTP/1.1\nIf-None-Match: {ifNoneMatch.Replace("{0}", tag, StringComparison.Ordinal)}");
            Assert.Equal((status, tag, "no-cache"),
                (answer.Status, answer.Headers["ETag"], answer.Headers["Cache-Control"]));
            if (status == 304) Assert.Equal("", answer.Body);
        }
    }

    private Task<EdgeApp> StartAsync() =>
        EdgeApp.StartAsync(app => app.MapRead("/", (Microsoft.AspNetCore.Http.HttpRequest request) =>
            TaggedJson.Of(request, _value)));
}
