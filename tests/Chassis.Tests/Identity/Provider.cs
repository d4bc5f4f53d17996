using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Checkout.Fixtures;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Checkout.Chassis.Tests.Identity;

/// <summary>
/// A studio's identity provider: its keys in a file, and tokens that it, or somebody who means no good, makes.
/// </summary>
internal sealed class Provider : IDisposable
{
    public const string Issuer = "https://login.example.com";
    public const string Audience = "avatarstore";

    private readonly TestFolder _folder = new("provider");
    private readonly Dictionary<string, RSA> _keys = [];

    public Provider() => AddKey("first");

    public string KeyFile => _folder["keys.json"];

    public ServiceSettings Settings => new()
    {
        Identity = { KeyFile = KeyFile, Issuer = Issuer, Audience = Audience },
    };

    /// <summary>Makes a key; the file has it from now on.</summary>
    public void AddKey(string id)
    {
        _keys[id] = RSA.Create(2_048);
        File.WriteAllText(KeyFile, KeySet());
    }

    public void RemoveKey(string id)
    {
        _keys.Remove(id);
        File.WriteAllText(KeyFile, KeySet());
    }

    public string KeySet() => JsonSerializer.Serialize(new
    {
        keys = _keys.Select(key => (key.Key, Public: key.Value.ExportParameters(false))).Select(key => new
        {
            kty = "RSA",
            use = "sig",
            kid = key.Key,
            n = Base64UrlEncoder.Encode(key.Public.Modulus),
            e = Base64UrlEncoder.Encode(key.Public.Exponent),
        }),
    });

    /// <param name="subject">sub; null for none.</param>
    /// <param name="set">Changes what the token says.</param>
    public string Token(string? subject = "player-1", string key = "first", Action<SecurityTokenDescriptor>? set = null)
    {
        var says = new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            NotBefore = DateTime.UtcNow.AddMinutes(-1),
            Expires = DateTime.UtcNow.AddMinutes(5),
            Claims = subject is null ? [] : new Dictionary<string, object> { ["sub"] = subject },
            SigningCredentials = new(Key(_keys[key], key), SecurityAlgorithms.RsaSha256),
        };
        set?.Invoke(says);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(says);
    }

    /// <summary>The same words, signed with a key of somebody else's under the id of ours.</summary>
    public string Forged()
    {
        using var other = RSA.Create(2_048);
        return Token(set: says => says.SigningCredentials = new(Key(other, "first"), SecurityAlgorithms.RsaSha256));
    }

    /// <summary>Ours, speaking of somebody else.</summary>
    public string Altered()
    {
        var parts = Token().Split('.');
        var words = Base64UrlEncoder.Decode(parts[1]).Replace("player-1", "player-2", StringComparison.Ordinal);
        return $"{parts[0]}.{Base64UrlEncoder.Encode(words)}.{parts[2]}";
    }

    /// <summary>RFC 8725, section 2.1: signed with nothing.</summary>
    public string Unsigned(string alg)
    {
        var parts = Token().Split('.');
        return $"{Base64UrlEncoder.Encode($$"""{"alg":"{{alg}}","typ":"JWT"}""")}.{parts[1]}.";
    }

    /// <summary>RFC 8725, section 2.1: our public key, taken for a shared secret.</summary>
    public string SignedWithPublicKey()
    {
        var secret = Encoding.UTF8.GetBytes(_keys["first"].ExportSubjectPublicKeyInfoPem());
        return Token(set: says => says.SigningCredentials =
            new(new SymmetricSecurityKey(secret) { KeyId = "first" }, SecurityAlgorithms.HmacSha256));
    }

    /// <summary>RFC 8725, section 3.10: it brings the key it is to be checked with, or says where that is.</summary>
    public string WithItsOwnKey(string header)
    {
        using var own = RSA.Create(2_048);
        var key = own.ExportParameters(false);
        object value = header == "jwk"
            ? new Dictionary<string, object>
            {
                ["kty"] = "RSA",
                ["n"] = Base64UrlEncoder.Encode(key.Modulus),
                ["e"] = Base64UrlEncoder.Encode(key.Exponent),
            }
            : "https://evil.example/keys";
        return Token(set: says =>
        {
            says.SigningCredentials = new(new RsaSecurityKey(own), SecurityAlgorithms.RsaSha256);
            says.AdditionalHeaderClaims = new Dictionary<string, object> { [header] = value };
        });
    }

    public void Dispose() => _folder.Dispose();

    private static RsaSecurityKey Key(RSA rsa, string id) => new(rsa.ExportParameters(true)) { KeyId = id };
}
