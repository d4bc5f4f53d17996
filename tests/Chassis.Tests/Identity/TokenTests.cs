using System.Security.Cryptography;
using System.Text.Json;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace Checkout.Chassis.Tests.Identity;

/// <summary>Which tokens are taken; each other one as somebody would try it.</summary>
public sealed class TokenTests : IDisposable
{
    private readonly Provider _provider = new();

    public static TheoryData<string, string> Bad => new()
    {
        { "expired", "The token ended at" },
        { "not yet", "The token begins at" },
        { "endless", "no end" },
        { "for another", "for somebody else" },
        { "for nobody", "for somebody else" },
        { "from another", "from somebody else" },
        { "from another whose name is no header's", "from somebody else" },
        { "forged", "signature is not right" },
        { "altered", "signature is not right" },
        { "none", "The token" },
        { "None", "The token" },
        { "public key as secret", "The token" },
        { "jwk", "The token" },
        { "jku", "The token" },
        { "x5u", "The token" },
        { "unknown key", "key that is not known" },
        { "what has to be understood", "It is no token" },
        { "without signature", "It is no token" },
        { "garbage", "It is no token" },
        { "empty", "Send a token" },
    };

    [Fact]
    public async Task Whoever_brings_a_token_is_its_sub()
    {
        await using var app = await StartAsync();
        var answer = await AskAsync(app, $"Authorization: Bearer {_provider.Token("player-7")}");
        Assert.Equal(200, answer.Status);
        Assert.Contains("player-7", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_token_that_is_not_right_is_refused_and_told_why(string kind, string why)
    {
        await using var app = await StartAsync();
        var answer = await AskAsync(app, $"Authorization: Bearer {TokenOf(kind)}");
        AssertProblem(answer, 401, why);
        Assert.StartsWith("Bearer", answer.Headers["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.DoesNotContain("IDX", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task One_that_is_handed_over_is_judged_by_the_same_rules(string kind, string why)
    {
        await using var app = await StartAsync();
        Assert.Matches($"unchecked False: .*{why}", (await HandAsync(app, TokenOf(kind))).Body);
    }

    [Fact]
    public async Task One_that_is_handed_over_speaks_of_its_sub_and_is_nobody_to_all_others()
    {
        await using var app = await StartAsync();
        Assert.Matches("player-7", (await HandAsync(app, _provider.Token("player-7"))).Body);
        Assert.Equal(401, (await HandAsync(app, _provider.Token("player-7"), "/")).Status);
        // And a bearer's is none that was handed over.
        var bearers = await app.SendAsync("GET /handed HTTP/1.1\r\nX-Handed:\r\n"
            + $"Authorization: Bearer {_provider.Token()}");
        Assert.Matches("Send a token", bearers.Body);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1")]
    [InlineData("GET / HTTP/1.1\r\nAuthorization: Basic cGxheWVyLTE6c2VjcmV0")]
    [InlineData("GET / HTTP/1.1\r\nX-Customer-Id: player-1")]
    [InlineData("GET /nothing/here HTTP/1.1")]
    [InlineData("POST / HTTP/1.1")]
    public async Task Without_a_token_nothing_answers(string head)
    {
        await using var app = await StartAsync();
        AssertProblem(await app.SendAsync(head), 401, "Send a token: Authorization: Bearer");
    }

    [Fact]
    public async Task What_asks_for_none_answers_without_one_and_with_a_bad_one()
    {
        await using var app = await StartAsync();
        Assert.Equal(200, (await app.SendAsync("GET /open HTTP/1.1")).Status);
        Assert.Equal(200, (await app.SendAsync($"GET /open HTTP/1.1\r\nAuthorization: Bearer {TokenOf("expired")}"))
            .Status);
    }

    [Fact]
    public async Task Two_tokens_are_none()
    {
        await using var app = await StartAsync();
        var token = $"Authorization: Bearer {_provider.Token()}";
        AssertProblem(await AskAsync(app, $"{token}\r\n{token}"), 400, "came 2 times");
        AssertProblem(await AskAsync(app, $"{token}, Bearer {_provider.Token("player-2")}"), 401, "It is no token");
        // A fault of who asks is none of ours: nobody fills our log with it.
        Assert.False(app.Lines.Contain("Error:"), app.Lines.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("somebody@example.com")]
    [InlineData("a b")]
    [InlineData("..")]
    public async Task A_token_that_speaks_of_nobody_who_can_act_is_told_so(string? subject)
    {
        await using var app = await StartAsync();
        AssertProblem(await AskAsync(app, $"Authorization: Bearer {_provider.Token(subject)}"), 403,
            "The token's sub");
    }

    [Theory]
    [InlineData("support", true)]
    [InlineData("openid support profile", true)]
    [InlineData("supporter", false)]
    [InlineData("Support", false)]
    public async Task Support_sees_anybodys_whatever_its_sub_is(string scope, bool may)
    {
        await using var app = await StartAsync();
        foreach (var claim in new[] { "scope", "scp" })
        {
            var token = _provider.Token("agent@example.com", set: says => says.Claims[claim] = scope);
            var answer = await app.SendAsync($"GET /of/player-1 HTTP/1.1\r\nAuthorization: Bearer {token}");
            Assert.Equal(may ? 200 : 403, answer.Status);
        }
    }

    [Fact]
    public async Task Others_see_their_own()
    {
        await using var app = await StartAsync();
        foreach (var (who, status) in new[] { ("player-1", 200), ("player-2", 404), ("PLAYER-1", 404) })
            Assert.Equal(status, (await app.SendAsync(
                $"GET /of/player-1 HTTP/1.1\r\nAuthorization: Bearer {_provider.Token(who)}")).Status);
    }

    [Fact]
    public async Task A_new_key_is_taken_without_a_restart_and_one_that_is_taken_out_no_more()
    {
        await using var app = await StartAsync();
        _provider.AddKey("second");
        await Eventually.Until(async () => (await AskAsync(app,
            $"Authorization: Bearer {_provider.Token(key: "second")}")).Status == 200, "the new key is known");
        var first = _provider.Token();
        _provider.RemoveKey("first");
        // Read again when another unknown key is named.
        await Eventually.Until(async () =>
        {
            await AskAsync(app, $"Authorization: Bearer {TokenOf("unknown key")}");
            return (await AskAsync(app, $"Authorization: Bearer {first}")).Status == 401;
        }, "the old key is gone");
        Assert.Equal(200, (await AskAsync(app, $"Authorization: Bearer {_provider.Token(key: "second")}")).Status);
    }

    [Fact]
    public async Task A_key_file_that_is_half_written_costs_nobody_their_token()
    {
        await using var app = await StartAsync();
        var token = _provider.Token();
        await File.WriteAllTextAsync(_provider.KeyFile, _provider.KeySet()[..40]);
        for (var i = 0; i < 3; i++) await AskAsync(app, $"Authorization: Bearer {TokenOf("unknown key")}");
        Assert.True((await AskAsync(app, $"Authorization: Bearer {token}")).Status == 200, app.Lines.ToString());
    }

    /// <summary>The tests run in production, as a service does that is told nothing else.</summary>
    [Fact]
    public async Task A_key_of_a_developers_machine_that_is_added_later_is_not_taken_in_production()
    {
        await using var app = await StartAsync();
        using var folder = new TestFolder("development-key");
        var tokens = DevelopmentTokens.In(folder.Path);
        await File.WriteAllTextAsync(_provider.KeyFile, await File.ReadAllTextAsync(tokens.KeyFile));
        using var rsa = RSA.Create();
        rsa.ImportFromPem(await File.ReadAllTextAsync(tokens.PrivateKeyFile));
        var known = new JsonWebKeySet(await File.ReadAllTextAsync(tokens.KeyFile)).Keys[0];
        var key = new RsaSecurityKey(rsa) { KeyId = known.Kid };
        var token = _provider.Token(set: says => says.SigningCredentials = new(key, SecurityAlgorithms.RsaSha256));
        await Eventually.Until(async () =>
        {
            var answer = await AskAsync(app, $"Authorization: Bearer {token}");
            AssertProblem(answer, 401, "key that is not known");
            return app.Lines.Contain("made for development");
        }, "it says why the file is not taken");
        Assert.Equal(200, (await AskAsync(app, $"Authorization: Bearer {_provider.Token()}")).Status);
    }

    [Fact]
    public async Task An_authoritys_keys_are_asked_for_and_its_issuer_is_believed()
    {
        await using var authority = await EdgeApp.StartAsync(app =>
        {
            app.MapGet("/.well-known/openid-configuration", (HttpRequest request) => Results.Json(new
            {
                issuer = Provider.Issuer,
                jwks_uri = $"http://{request.Host}/keys",
            }));
            app.MapGet("/keys", () => Results.Text(_provider.KeySet(), "application/json"));
        });
        ServiceSettings settings = new()
        {
            Identity = { Authority = authority.Url.ToString(), Audience = Provider.Audience },
        };
        Assert.Empty(settings.Identity.Problems(new Of(Environments.Production)));
        await using var app = await StartAsync(settings);
        Assert.Equal(200, (await AskAsync(app, $"Authorization: Bearer {_provider.Token()}")).Status);
        foreach (var kind in new[] { "forged", "altered", "none", "for another", "from another" })
            Assert.Equal(401, (await AskAsync(app, $"Authorization: Bearer {TokenOf(kind)}")).Status);
    }

    [Fact]
    public async Task An_authority_that_is_away_is_no_fault_of_the_token_and_no_error_page()
    {
        await using var app = await StartAsync(new()
        {
            Identity = { Authority = "http://127.0.0.1:9", Audience = Provider.Audience },
        });
        var answer = await AskAsync(app, $"Authorization: Bearer {_provider.Token()}");
        AssertProblem(answer, 503, "can't be checked now");
        Assert.Equal("1", answer.Headers["Retry-After"]);
    }

    public void Dispose() => _provider.Dispose();

    private Task<EdgeApp> StartAsync(ServiceSettings? settings = null) => EdgeApp.StartAsync(app =>
    {
        app.MapGet("/", (Caller caller) => caller.Id);
        app.MapGet("/open", () => "open").AllowAnonymous();
        app.MapGet("/handed", async (HttpContext http) =>
        {
            var handed = await HandedToken.JudgeAsync(http, http.Request.Headers["X-Handed"].ToString());
            return Results.Text(handed.User?.FindFirst("sub")?.Value
                ?? $"unchecked {handed.IsUnchecked}: {handed.Problem}");
        }).AllowAnonymous();
        app.MapGet("/of/{id}", (string id, Caller caller) =>
            caller.MaySee(id) ? Results.Text(id) : Results.NotFound());
    }, settings ?? _provider.Settings);

    private static Task<RawAnswer> AskAsync(EdgeApp app, string headers) =>
        app.SendAsync($"GET / HTTP/1.1\r\n{headers}");

    private static Task<RawAnswer> HandAsync(EdgeApp app, string token, string path = "/handed") =>
        app.SendAsync($"GET {path} HTTP/1.1\r\nX-Handed: {token}");

    private string TokenOf(string kind) => kind switch
    {
        "expired" => _provider.Token(set: says => says.Expires = DateTime.UtcNow.AddSeconds(-31)),
        "not yet" => _provider.Token(set: says => says.NotBefore = DateTime.UtcNow.AddMinutes(2)),
        "endless" => _provider.Token(set: says => says.Expires = null),
        "for another" => _provider.Token(set: says => says.Audience = "chat"),
        "for nobody" => _provider.Token(set: says => says.Audience = null),
        "from another" => _provider.Token(set: says => says.Issuer = "https://evil.example"),
        "from another whose name is no header's" => _provider.Token(set: says => says.Issuer = "Zoë\r\nX: y"),
        "forged" => _provider.Forged(),
        "altered" => _provider.Altered(),
        "none" or "None" => _provider.Unsigned(kind),
        "public key as secret" => _provider.SignedWithPublicKey(),
        "jwk" or "jku" or "x5u" => _provider.WithItsOwnKey(kind),
        "what has to be understood" => _provider.Token(set: says =>
            says.AdditionalHeaderClaims = new Dictionary<string, object> { ["crit"] = new[] { "exp" } }),
        "unknown key" => OtherProvidersToken.Value,
        "without signature" => string.Join('.', _provider.Token().Split('.')[..2]),
        "garbage" => new string('x', 8_000),
        _ => "",
    };

    private static readonly Lazy<string> OtherProvidersToken = new(() =>
    {
        using var other = new Provider();
        other.AddKey("unknown");
        return other.Token(key: "unknown");
    });

    private static void AssertProblem(RawAnswer answer, int status, string said)
    {
        Assert.True(status == answer.Status, $"{answer.Status}: {answer.Body}");
        Assert.StartsWith("application/problem+json", answer.Headers["Content-Type"], StringComparison.Ordinal);
        // Between the lengths of its chunks.
        var (begin, end) = (answer.Body.IndexOf('{', StringComparison.Ordinal), answer.Body.LastIndexOf('}') + 1);
        using var problem = JsonDocument.Parse(answer.Body[begin..end]);
        Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
        Assert.Contains(said, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }
}
