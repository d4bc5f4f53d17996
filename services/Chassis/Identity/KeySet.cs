using System.Text.Json;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
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

    private const string Rsa = "RSA", EllipticCurve = "EC", Secret = "oct";

    /// <summary>RFC 7518, section 3.3.</summary>
    private const int LeastRsaBits = 2_048;

    private static readonly TimeSpan LeastBetweenReads = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly IHostEnvironment _environment;
    private readonly ILogger _logger;
    private readonly Lock _reading = new();
    private IReadOnlyList<JsonWebKey> _keys;
    private long _read;

    public KeySet(string path, IHostEnvironment environment, ILogger logger)
    {
        (_path, _environment, _logger, _read) = (path, environment, logger, Environment.TickCount64);
        (_keys, _) = Read(path, environment);
    }

    /// <summary>A sentence for what is wrong with the file, else null.</summary>
    public static string? Problem(string path, IHostEnvironment environment) => Read(path, environment).Problem;

    public static bool IsOfDevelopment(string? keyId) =>
        keyId?.StartsWith(DevelopmentPrefix, StringComparison.Ordinal) == true;

    /// <summary>The keys that a token may be signed with; those of its id, where it names one.</summary>
    public IEnumerable<SecurityKey> For(string? keyId)
    {
        if (string.IsNullOrEmpty(keyId)) return _keys;
        var named = Named(keyId);
        if (named.Count > 0 || !ReadAgain()) return named;
        return Named(keyId);
    }

    private List<JsonWebKey> Named(string keyId) => [.. _keys.Where(key => key.KeyId == keyId)];

    /// <summary>Not for every forged token: whoever sends many would have the file read as often.</summary>
    private bool ReadAgain()
    {
        lock (_reading)
        {
            if (Environment.TickCount64 - _read < LeastBetweenReads.TotalMilliseconds) return false;
            _read = Environment.TickCount64;
            var (keys, problem) = Read(_path, _environment);
            if (problem is null) _keys = keys;
            // While it is written anew it may be half there.
            else Log.KeyFileRefused(_logger, problem);
            return problem is null;
        }
    }

    /// <summary>No keys, where something is wrong.</summary>
    private static (IReadOnlyList<JsonWebKey> Keys, string? Problem) Read(string path, IHostEnvironment environment)
    {
        try
        {
            // Others are let pass (RFC 7517, section 5).
            List<JsonWebKey> keys = [.. JsonWebKeySet.Create(File.ReadAllText(path)).Keys.Where(key =>
                key is { Use: null or "sig", Kty: Rsa or EllipticCurve or Secret })];
            return Problem(path, keys, environment) is { } problem ? ([], problem) : (keys, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or JsonException
            or FormatException)
        {
            return ([], $"Identity:KeyFile {path} can't be read as a JSON Web Key Set: {e.Message}");
        }
    }

    private static string? Problem(string path, List<JsonWebKey> keys, IHostEnvironment environment)
    {
        if (keys.Count == 0) return $"Identity:KeyFile {path} has no key in it; give a JSON Web Key Set.";
        if (keys.Find(key => key.HasPrivateKey || key.Kty == Secret) is { } secret)
            return $"Identity:KeyFile {path} has a secret in it (key {secret.Kid}); give public keys only: with "
                + "the secret whoever reads a setting of ours signs tokens.";
        // Each one's size is asked for, since what is no number is found so.
        if (keys.FindAll(key => key.KeySize < LeastRsaBits).Exists(key => key.Kty == Rsa))
            return $"Identity:KeyFile {path} has an RSA key of less than {LeastRsaBits} bits.";
        return environment.IsDevelopment() || !keys.Exists(key => IsOfDevelopment(key.KeyId)) ? null
            : $"Identity:KeyFile {path} has a key that was made for development, and the environment is "
                + $"{environment.EnvironmentName}: whoever has that folder is every player. Give the keys of your "
                + "provider, or set ASPNETCORE_ENVIRONMENT=Development on a machine of your own.";
    }
}
