using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Checkout.Chassis.Identity;

/// <summary>
/// The public keys of a file (RFC 7517). Where a token names one that it lacks the file is read again, so that keys
/// are changed without a restart: the new one is added, and the old one taken out when its last token has ended.
/// </summary>
internal sealed class KeySet
{
    /// <summary>Begins the id of each key that was made for development.</summary>
    public const string DevelopmentPrefix = "development-only-";

    /// <summary>RFC 7518, section 3.3.</summary>
    private const int LeastRsaBits = 2_048;

    private static readonly TimeSpan LeastBetweenReads = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly Lock _reading = new();
    private IReadOnlyList<SecurityKey> _keys;
    private long _read;

    public KeySet(string path) => (_path, _keys, _read) = (path, Read(path), Environment.TickCount64);

    /// <summary>A sentence for what is wrong with the file, else null.</summary>
    public static string? Problem(string path)
    {
        try
        {
            var keys = Read(path);
            if (keys.Count == 0) return $"Identity:KeyFile {path} has no key in it; give a JSON Web Key Set.";
            if (keys.OfType<JsonWebKey>().FirstOrDefault(key => key.HasPrivateKey || key.Kty == "oct") is { } secret)
                return $"Identity:KeyFile {path} has a secret in it (key {secret.Kid}); give public keys only: with "
                    + "the secret whoever reads a setting of ours signs tokens.";
            return keys.Any(key => key.KeySize < LeastRsaBits && key is JsonWebKey { Kty: "RSA" })
                ? $"Identity:KeyFile {path} has an RSA key of less than {LeastRsaBits} bits." : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or JsonException)
        {
            return $"Identity:KeyFile {path} can't be read as a JSON Web Key Set: {e.Message}";
        }
    }

    public static bool IsOfDevelopment(string path) => Read(path).Any(key =>
        key.KeyId?.StartsWith(DevelopmentPrefix, StringComparison.Ordinal) == true);

    /// <summary>The keys that a token may be signed with; those of its id, where it names one.</summary>
    public IEnumerable<SecurityKey> For(string? keyId)
    {
        if (string.IsNullOrEmpty(keyId)) return _keys;
        var named = Named(keyId);
        if (named.Count > 0 || !ReadAgain()) return named;
        return Named(keyId);
    }

    private List<SecurityKey> Named(string keyId) => [.. _keys.Where(key => key.KeyId == keyId)];

    /// <summary>Not for every forged token: whoever sends many would have the file read as often.</summary>
    private bool ReadAgain()
    {
        lock (_reading)
        {
            if (Environment.TickCount64 - _read < LeastBetweenReads.TotalMilliseconds) return false;
            _read = Environment.TickCount64;
            // While it is written anew it may be half there; the keys that are known stay good.
            if (Problem(_path) is not null) return false;
            _keys = Read(_path);
            return true;
        }
    }

    private static IReadOnlyList<SecurityKey> Read(string path) =>
        [.. JsonWebKeySet.Create(File.ReadAllText(path)).Keys.Where(key => key.Use is null or "sig")];
}
