using Microsoft.Extensions.Hosting;

namespace Checkout.Chassis.Identity;

/// <summary>
/// Whose tokens are believed: an authority's (OpenID Connect, whose keys are asked for and followed), or those signed
/// with the keys of a file.
/// </summary>
public sealed class IdentityOptions
{
    /// <summary>The address below which /.well-known/openid-configuration is; its issuer is the tokens'.</summary>
    public string? Authority { get; set; }

    /// <summary>A JSON Web Key Set (RFC 7517) of public keys. Read again when a token names a key it lacks.</summary>
    public string? KeyFile { get; set; }

    /// <summary>Who the tokens are from (iss); beside a <see cref="KeyFile"/> it has to be given.</summary>
    public string? Issuer { get; set; }

    /// <summary>Whom the tokens are for (aud): this system, by the name that the authority knows it under.</summary>
    public string? Audience { get; set; }

    /// <summary>How much later or earlier than by this machine's clock a token may end or begin.</summary>
    public TimeSpan ClockTolerance { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The private key (PEM) with which this service itself signs tokens for whoever asks; in development only.
    /// </summary>
    public string? DevelopmentKeyFile { get; set; }

    private static readonly TimeSpan MaxClockTolerance = TimeSpan.FromMinutes(5);

    /// <summary>What to change before a service can serve, a sentence each.</summary>
    public IEnumerable<string> Problems(IHostEnvironment environment)
    {
        if (string.IsNullOrWhiteSpace(Audience))
            yield return "Identity:Audience is missing; give the name of this system that its tokens bear as aud.";
        if (ClockTolerance < TimeSpan.Zero || ClockTolerance > MaxClockTolerance)
            yield return $"Identity:ClockTolerance is {ClockTolerance}; give a time from 0 to {MaxClockTolerance}.";
        foreach (var problem in Authority is null ? KeyFileProblems(environment) : AuthorityProblems())
            yield return problem;
        if (DevelopmentKeyFile is not null && !environment.IsDevelopment())
            yield return "Identity:DevelopmentKeyFile lets anybody have a token of anybody: it is for development, and "
                + $"the environment is {environment.EnvironmentName}. Leave it out, or set "
                + "ASPNETCORE_ENVIRONMENT=Development.";
    }

    private IEnumerable<string> AuthorityProblems()
    {
        if (KeyFile is not null)
            yield return "Identity:Authority and Identity:KeyFile are both given; give the one whose tokens are meant.";
        var isUrl = Uri.TryCreate(Authority, UriKind.Absolute, out var url);
        if (!isUrl || (url!.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)))
            yield return $"Identity:Authority is {Authority}; give an https address, such as "
                + "https://login.example.com.";
    }

    private IEnumerable<string> KeyFileProblems(IHostEnvironment environment)
    {
        if (string.IsNullOrWhiteSpace(KeyFile))
        {
            yield return "Identity:Authority is missing; give the address of the OpenID Connect provider that signs "
                + "the players' tokens, or Identity:KeyFile with its public keys and Identity:Issuer.";
            yield break;
        }
        if (string.IsNullOrWhiteSpace(Issuer))
            yield return "Identity:Issuer is missing; give what the tokens of Identity:KeyFile bear as iss.";
        if (KeySet.Problem(KeyFile, environment) is { } problem) yield return problem;
    }
}
