using System.Security.Claims;

namespace Checkout.Chassis.Identity;

/// <summary>Rights beyond one's own, in a token's scope: names with spaces between (RFC 8693, section 4.2).</summary>
public static class Scopes
{
    /// <summary>Looks anybody's up.</summary>
    public const string Support = "support";

    /// <summary>Reads /metrics, where those have no port of their own.</summary>
    public const string Metrics = "metrics";

    /// <summary>Some providers give a list of claims for one with spaces, some call it scp.</summary>
    public static bool Has(ClaimsPrincipal user, string scope) => user.Claims
        .Where(claim => claim.Type is "scope" or "scp")
        .Any(claim => claim.Value.Split(' ').Contains(scope, StringComparer.Ordinal));
}
