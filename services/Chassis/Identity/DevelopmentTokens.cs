using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Checkout.Chassis.Identity;

/// <summary>
/// Tokens for a machine of one's own, signed with a key that was made there. A service in production refuses the key,
/// by its id.
/// </summary>
public sealed class DevelopmentTokens
{
    public const string Issuer = "urn:avatarstore:development";
    public const string Audience = "avatarstore";

    private const int RsaBits = 2_048;
    private const string PrivateFile = "private.pem";
    private const string PublicFile = "keys.json";

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private readonly SigningCredentials _credentials;
    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };

    private DevelopmentTokens(string privateKeyFile)
    {
        var rsa = RSA.Create();
        rsa.ImportFromPem(File.ReadAllText(privateKeyFile));
        var key = new RsaSecurityKey(rsa);
        key.KeyId = KeySet.DevelopmentPrefix + Base64UrlEncoder.Encode(key.ComputeJwkThumbprint());
        (PrivateKeyFile, _credentials) = (privateKeyFile, new(key, SecurityAlgorithms.RsaSha256));
    }

    public string PrivateKeyFile { get; }

    /// <summary>The public key, for Identity:KeyFile.</summary>
    public string KeyFile => Path.Combine(Path.GetDirectoryName(PrivateKeyFile)!, PublicFile);

    /// <summary>Makes the key where the folder has none.</summary>
    public static DevelopmentTokens In(string folder)
    {
        var path = Path.Combine(Directory.CreateDirectory(folder).FullName, PrivateFile);
        if (!File.Exists(path)) MakeKey(path);
        var tokens = new DevelopmentTokens(path);
        // That of a key which was taken away stays behind.
        var keys = tokens.PublicKeys();
        if (!File.Exists(tokens.KeyFile) || File.ReadAllText(tokens.KeyFile) != keys)
            File.WriteAllText(tokens.KeyFile, keys);
        return tokens;
    }

    /// <summary>With a key that is there already.</summary>
    /// <exception cref="IOException">It is not there.</exception>
    public static DevelopmentTokens Of(string privateKeyFile) => new(privateKeyFile);

    /// <param name="subject">Of whom it speaks.</param>
    /// <param name="scope">Rights beyond one's own, with spaces between.</param>
    /// <param name="now">When it begins, in UTC; it lasts 24 hours.</param>
    public string For(string subject, DateTime now, string? scope = null)
    {
        var claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = subject };
        if (scope is not null) claims["scope"] = scope;
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + Lifetime,
            Claims = claims,
            SigningCredentials = _credentials,
        });
    }

    private static void MakeKey(string path)
    {
        using var rsa = RSA.Create(RsaBits);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(path, options);
        writer.Write(rsa.ExportPkcs8PrivateKeyPem());
    }

    private string PublicKeys()
    {
        var key = JsonWebKeyConverter.ConvertFromRSASecurityKey((RsaSecurityKey)_credentials.Key);
        return JsonSerializer.Serialize(new
        {
            keys = new[] { new { kty = key.Kty, use = "sig", alg = "RS256", kid = key.KeyId, n = key.N, e = key.E } },
        });
    }
}
