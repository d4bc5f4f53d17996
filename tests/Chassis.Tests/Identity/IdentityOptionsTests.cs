using Checkout.Chassis.Identity;
using Checkout.Fixtures;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Checkout.Chassis.Tests.Identity;

/// <summary>Where a service runs.</summary>
internal sealed class Of(string name) : IHostEnvironment
{
    public string EnvironmentName { get; set; } = name;
    public string ApplicationName { get; set; } = "test";
    public string ContentRootPath { get; set; } = AppContext.BaseDirectory;
    public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
}

public sealed class IdentityOptionsTests : IDisposable
{
    private readonly TestFolder _folder = new("identity-options");
    private readonly Provider _provider = new();

    [Theory]
    [InlineData("http://login.example.com", "give an https address")]
    [InlineData("login.example.com", "give an https address")]
    [InlineData("", "give an https address")]
    public void An_authority_is_asked_over_tls(string authority, string said) => Assert.Contains(said,
        Problem(new() { Audience = "a", Authority = authority }), StringComparison.Ordinal);

    [Fact]
    public void Who_is_believed_has_to_be_said()
    {
        Assert.Equal(2, new IdentityOptions().Problems(new Of("Production")).Count());
        Assert.Contains("both given", Problem(new()
        {
            Audience = "a",
            Authority = "https://login.example.com",
            KeyFile = _provider.KeyFile,
        }), StringComparison.Ordinal);
        Assert.Contains("Identity:Issuer is missing", Problem(new() { Audience = "a", KeyFile = _provider.KeyFile }),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "can't be read")]
    [InlineData("no json", "can't be read")]
    [InlineData("""{"keys":[]}""", "has no key")]
    [InlineData("""{"keys":null}""", "can't be read")]
    [InlineData("""{"keys":[null]}""", "has no key")]
    [InlineData("""{"keys":[{"kty":"RSA","kid":"r","n":"@@@","e":"AQAB"}]}""", "can't be read")]
    [InlineData("""{"keys":[{"kty":"RSA","kid":"r"}]}""", "less than 2048 bits")]
    [InlineData("""{"keys":[{"kty":"EC","kid":"r","crv":"P-256","x":"!","y":"!"}]}""", "can't be read")]
    [InlineData("""{"keys":[{"kid":"r"}]}""", "has no key")]
    [InlineData("""{"keys":[{"kty":"oct","kid":"s","k":"c2VjcmV0"}]}""", "has a secret in it (key s)")]
    [InlineData("""{"keys":[{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"}]}""", "less than 2048 bits")]
    public void A_key_file_has_public_keys(string? text, string said)
    {
        var file = _folder["keys.json"];
        if (text is not null) File.WriteAllText(file, text);
        Assert.Contains(said, Problem(new() { Audience = "a", Issuer = "i", KeyFile = file }),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Production", 2)]
    [InlineData("Staging", 2)]
    [InlineData("Development", 0)]
    public void The_keys_of_a_machine_of_ones_own_are_for_development(string environment, int problems)
    {
        var tokens = DevelopmentTokens.In(_folder.Path);
        var options = new IdentityOptions
        {
            Audience = DevelopmentTokens.Audience,
            Issuer = DevelopmentTokens.Issuer,
            KeyFile = tokens.KeyFile,
            DevelopmentKeyFile = tokens.PrivateKeyFile,
        };
        Assert.Equal(problems, options.Problems(new Of(environment)).Count());
    }

    [Fact]
    public void A_key_of_ones_own_is_made_once_and_read_by_its_owner_alone()
    {
        var tokens = DevelopmentTokens.In(_folder.Path);
        var text = File.ReadAllText(tokens.PrivateKeyFile);
        Assert.Equal(text, File.ReadAllText(DevelopmentTokens.In(_folder.Path).PrivateKeyFile));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(tokens.PrivateKeyFile));
        Assert.DoesNotContain("\"d\"", File.ReadAllText(tokens.KeyFile), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_was_taken_away_is_known_no_more()
    {
        var before = File.ReadAllText(DevelopmentTokens.In(_folder.Path).KeyFile);
        File.Delete(DevelopmentTokens.In(_folder.Path).PrivateKeyFile);
        var after = File.ReadAllText(DevelopmentTokens.In(_folder.Path).KeyFile);
        Assert.NotEqual(before, after);
        Assert.Equal(after, File.ReadAllText(DevelopmentTokens.In(_folder.Path).KeyFile));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _provider.Dispose();
    }

    private static string Problem(IdentityOptions options) => Assert.Single(options.Problems(new Of("Production")));
}
