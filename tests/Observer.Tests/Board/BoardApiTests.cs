using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.Observer.Tests.Board;

/// <summary>How one signs in to the page without any script, and what the cookie is good for, and what not.</summary>
public sealed partial class BoardApiTests(ObserverAlone observer) : IClassFixture<ObserverAlone>
{
    private static readonly string Support = TestIdentity.Tokens.For("sre-1", DateTime.UtcNow, "support");

    private static (string, string) Cookie(string token) => ("Cookie", $"observer-token={token}");

    [GeneratedRegex("(?:href|src)=\"(/assets/[^\"]+)\"")]
    private static partial Regex Asset();

    [Fact]
    public async Task To_who_is_not_signed_in_it_is_the_same_each_time_and_has_no_figure()
    {
        var page = await observer.GetAsync("/");
        Assert.Equal((200, "no-cache"), (page.Status, page["Cache-Control"]));
        Assert.Contains("Sign in to see how everything is.", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("data-signed-in", page.Text, StringComparison.Ordinal);
        Assert.Contains("require-trusted-types-for 'script'", page["Content-Security-Policy"],
            StringComparison.Ordinal);
        Assert.Equal(304, (await observer.GetAsync("/", ("If-None-Match", page["ETag"]!))).Status);
    }

    [Fact]
    public async Task What_it_consists_of_is_kept_for_good_under_the_name_of_its_content()
    {
        var page = await observer.GetAsync("/");
        var assets = Asset().Matches(page.Text).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.Equal(["board.css", "board.js", "board.svg", "noscript.css"],
            assets.Select(url => Hash().Replace(url["/assets/".Length..], ".")).Order(StringComparer.Ordinal));
        foreach (var url in assets)
        {
            var asset = await observer.GetAsync(url);
            Assert.Equal((200, "public, max-age=31536000, immutable"), (asset.Status, asset["Cache-Control"]));
        }
    }

    [GeneratedRegex(@"\.[0-9a-f]{16}\.")]
    private static partial Regex Hash();

    [Fact]
    public async Task Who_signs_in_gets_a_cookie_that_no_script_and_no_other_site_has_and_is_sent_to_the_page()
    {
        var answer = await observer.PostAsync("/", Form(Support));
        Assert.Equal((303, "/"), (answer.Status, answer["Location"]));
        Assert.Equal($"observer-token={Support}; path=/; samesite=strict; httponly", answer["Set-Cookie"]);
    }

    [Fact]
    public async Task Where_the_way_is_safe_the_cookie_goes_no_other()
    {
        var answer = await observer.PostAsync("/", Form(Support), ("X-Forwarded-Proto", "https"));
        Assert.Equal($"__Host-observer-token={Support}; path=/; secure; samesite=strict; httponly",
            answer["Set-Cookie"]);
        // One of the other name may have been set by whoever is on the way.
        var page = await observer.GetAsync("/", Cookie(Support), ("X-Forwarded-Proto", "https"));
        Assert.DoesNotContain("data-signed-in", page.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 400, "Give a token.")]
    [InlineData("garbage", 401, "It is no token that can be taken.")]
    [InlineData("expired", 401, "The token ended at")]
    [InlineData("a player's", 403, "it has not the scope support")]
    [InlineData("too long", 400, "a browser keeps at most 4000")]
    public async Task A_token_that_is_not_good_is_refused_on_the_page_with_the_reason(string kind, int status,
        string why)
    {
        var now = DateTime.UtcNow;
        var answer = await observer.PostAsync("/", Form(kind switch
        {
            "expired" => TestIdentity.Tokens.For("sre-1", now.AddHours(-25), "support"),
            "a player's" => TestIdentity.Tokens.For("player-1", now),
            "too long" => TestIdentity.Tokens.For("sre-1", now, $"support {new string('x', 4_000)}"),
            _ => kind,
        }));
        Assert.Equal((status, "no-store"), (answer.Status, answer["Cache-Control"]));
        Assert.Matches($"role=\"alert\">[^<]*{why}", answer.Text);
        Assert.Contains("<form id=\"sign-in\" class=\"panel\" method=\"post\" action=\"/\">", answer.Text,
            StringComparison.Ordinal);
        Assert.Null(answer["Set-Cookie"]);
        // The script forgets a wrong one, and keeps one that is only too long for a cookie.
        Assert.Equal(status is 401 or 403, answer.Text.Contains("data-refused", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    public async Task A_page_elsewhere_signs_nobody_in_or_out(string header, string value)
    {
        foreach (var (path, form) in new[] { ("/", Form(Support)), ("/sign-out", Form("")) })
        {
            var answer = await observer.PostAsync(path, form, (header, value), Cookie(Support));
            Assert.Equal(403, answer.Status);
            Assert.Contains("This was sent by a page elsewhere", answer.Text, StringComparison.Ordinal);
            Assert.Null(answer["Set-Cookie"]);
        }
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "same-origin")]
    [InlineData("Sec-Fetch-Site", "none")]
    [InlineData("Origin", "http://{host}")]
    [InlineData("Origin", "https://{host}")]
    public async Task Its_own_form_signs_in_also_behind_a_gateway_that_ends_tls(string header, string value)
    {
        var own = value.Replace("{host}", observer.Host, StringComparison.Ordinal);
        Assert.Equal(303, (await observer.PostAsync("/", Form(Support), (header, own))).Status);
    }

    [Fact]
    public async Task A_browser_says_the_origin_of_our_forms() =>
        Assert.Contains("<meta name=\"referrer\" content=\"same-origin\">", (await observer.GetAsync("/")).Text,
            StringComparison.Ordinal);

    [Fact]
    public async Task A_form_that_is_none_or_too_large_is_refused()
    {
        Assert.Equal(415, (await observer.PostAsync("/", new StringContent("{}", Encoding.UTF8, "application/json")))
            .Status);
        Assert.Equal(415, (await observer.PostAsync("/", new MultipartFormDataContent { { new StringContent(Support),
            "token" } })).Status);
        Assert.Equal(413, (await observer.PostAsync("/", Form(new string('x', 17 * 1024)))).Status);
        Assert.Equal(413, (await observer.PostAsync("/", Form(new string('x', 17 * 1024)),
            ("Transfer-Encoding", "chunked"))).Status);
    }

    [Theory]
    [InlineData("GET", "/summary")]
    [InlineData("GET", "/stuck")]
    [InlineData("GET", "/parked")]
    [InlineData("GET", "/violations")]
    [InlineData("GET", "/processes")]
    [InlineData("GET", "/events")]
    [InlineData("GET", "/customers/player-1")]
    [InlineData("GET", "/metrics")]
    [InlineData("POST", "/violations/1/settle")]
    public async Task The_cookie_alone_is_nobody_to_the_API(string method, string path)
    {
        var body = method == "POST" ? new StringContent("{\"why\":\"x\"}", Encoding.UTF8, "application/json") : null;
        var answer = await observer.SendAsync(new(method), path, body, Cookie(Support),
            ("Sec-Fetch-Site", "same-origin"));
        Assert.Equal(401, answer.Status);
        // It is the cookie's fault, and not the path's.
        if (path == "/processes")
            Assert.Equal(200, (await observer.GetAsync(path, ("Authorization", $"Bearer {Support}"))).Status);
    }

    [Fact]
    public async Task While_the_database_is_away_the_page_says_so()
    {
        var page = await observer.GetAsync("/", Cookie(Support));
        Assert.Equal((503, "no-store", "Cookie"), (page.Status, page["Cache-Control"], page["Vary"]));
        Assert.NotNull(page["Retry-After"]);
        Assert.Contains("the observer&#x27;s database does not answer.", page.Text, StringComparison.Ordinal);
        Assert.Contains("<body data-signed-in>", page.Text, StringComparison.Ordinal);
        Assert.Contains("action=\"/sign-out\">", page.Text, StringComparison.Ordinal);
        var head = await observer.SendAsync(HttpMethod.Head, "/", null, Cookie(Support));
        Assert.Equal((503, ""), (head.Status, head.Text));
    }

    [Fact]
    public async Task A_token_that_has_ended_is_as_none_and_is_forgotten()
    {
        var page = await observer.GetAsync("/",
            Cookie(TestIdentity.Tokens.For("sre-1", DateTime.UtcNow.AddHours(-25), "support")));
        Assert.Equal((200, "no-store"), (page.Status, page["Cache-Control"]));
        Assert.DoesNotContain("data-signed-in", page.Text, StringComparison.Ordinal);
        Assert.Matches("role=\"alert\">The token ended at", page.Text);
        AssertForgotten(page);
    }

    [Fact]
    public async Task Who_signs_out_is_forgotten()
    {
        var answer = await observer.PostAsync("/sign-out", Form(""), Cookie(Support));
        Assert.Equal((303, "/"), (answer.Status, answer["Location"]));
        AssertForgotten(answer);
    }

    [Fact]
    public async Task Who_comes_by_a_link_from_elsewhere_is_shown_the_way_since_the_browser_sends_no_cookie() =>
        Assert.Contains("<a href=\"/\">Show the figures</a>",
            (await observer.GetAsync("/", ("Sec-Fetch-Site", "cross-site"))).Text, StringComparison.Ordinal);

    private static void AssertForgotten(Answered answer) => Assert.Equal(
        "observer-token=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/; samesite=strict; httponly",
        answer["Set-Cookie"]);

    private static ByteArrayContent Form(string token) => new(Encoding.ASCII.GetBytes($"token={token}"))
    {
        Headers = { ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded") },
    };
}
