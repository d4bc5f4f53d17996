using Checkout.Chassis.Edge;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Net.Http.Headers;

namespace Checkout.Chassis.Identity;

/// <summary>
/// Who may ask: whoever brings a token (RFC 6750). What answers without one says so with AllowAnonymous; a new endpoint
/// asks for one by itself.
/// </summary>
internal static class TokenAuthentication
{
    /// <summary>
    /// Signatures only: with a shared secret whoever can check a token can make one. "none" is none of them.
    /// </summary>
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private static readonly TimeSpan AuthorityWithin = TimeSpan.FromSeconds(2);

    /// <summary>Not for every forged token: so often an authority is asked for keys that are not known.</summary>
    private static readonly TimeSpan LeastBetweenAsking = TimeSpan.FromSeconds(30);

    public static void AddTokens(this WebApplicationBuilder builder, IdentityOptions options)
    {
        builder.Services.AddSingleton(options);
        builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer()
            .AddJwtBearer(HandedToken.Scheme);
        // The same for both: a key that is taken out is taken out.
        KeySet? ofFile = null;
        foreach (var scheme in new[] { JwtBearerDefaults.AuthenticationScheme, HandedToken.Scheme })
            builder.Services.AddOptions<JwtBearerOptions>(scheme).Configure<ILogger<KeySet>>((bearer, logger) =>
            {
                if (options.KeyFile is { } file) ofFile ??= new(file, builder.Environment, logger);
                SetRules(bearer, options, builder.Environment, ofFile);
            });
        builder.Services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build())
            .AddPolicy(Scopes.Support, policy => policy.RequireAssertion(context =>
                Scopes.Has(context.User, Scopes.Support)))
            .AddPolicy(Scopes.Metrics, policy => policy.RequireAssertion(context =>
                Scopes.Has(context.User, Scopes.Metrics) || Scopes.Has(context.User, Scopes.Support)));
    }

    public static void UseTokens(this WebApplication app)
    {
        // Its keys are read now, and not with the first token.
        app.Services.GetRequiredService<IOptionsMonitor<JwtBearerOptions>>()
            .Get(JwtBearerDefaults.AuthenticationScheme);
        // Of two, a gateway may have checked the one and we would believe the other.
        app.Use((context, next) =>
        {
            SingleHeader.Of(context.Request, HeaderNames.Authorization);
            return next(context);
        });
        app.UseAuthentication();
    }

    private static void SetRules(JwtBearerOptions bearer, IdentityOptions options, IHostEnvironment environment,
        KeySet? ofFile)
    {
        bearer.MapInboundClaims = false;
        bearer.Audience = options.Audience;
        bearer.TokenValidationParameters = Rules(options, ofFile);
        if (options.Authority is { } authority)
        {
            bearer.Authority = authority;
            bearer.BackchannelTimeout = AuthorityWithin;
            bearer.RefreshInterval = LeastBetweenAsking;
            bearer.RequireHttpsMetadata = new Uri(authority).Scheme == Uri.UriSchemeHttps;
        }
        var keys = new AuthorityKeys();
        bearer.Events = new()
        {
            OnMessageReceived = context => TakeAsync(keys, context),
            OnTokenValidated = context => RequireUnderstoodAsync(context, environment),
            OnChallenge = RefuseAsync,
        };
    }

    private static TokenValidationParameters Rules(IdentityOptions options, KeySet? ofFile)
    {
        var rules = new TokenValidationParameters
        {
            ValidAlgorithms = Algorithms,
            ValidAudience = options.Audience,
            ClockSkew = options.ClockTolerance,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            NameClaimType = "sub",
        };
        // Else the authority's own, as it says of itself.
        if (options.Issuer is { } issuer) rules.ValidIssuer = issuer;
        if (ofFile is not null) rules.IssuerSigningKeyResolver = (_, _, keyId, _) => ofFile.For(keyId);
        return rules;
    }

    private static async Task TakeAsync(AuthorityKeys keys, MessageReceivedContext context)
    {
        var isHanded = context.Scheme.Name == HandedToken.Scheme;
        // Without one the library would look for a bearer's.
        if (isHanded && string.IsNullOrEmpty(context.Token = HandedToken.Of(context.HttpContext))) context.NoResult();
        else if (context.Options.ConfigurationManager is { } manager
            && (isHanded || context.Request.Headers.Authorization.Count > 0)
            && !await keys.AreKnownAsync(manager, context.HttpContext.RequestAborted))
            context.Fail(new AuthorityAwayException());
    }

    /// <summary>What the library lets pass, though its signature is right.</summary>
    private static Task RequireUnderstoodAsync(TokenValidatedContext context, IHostEnvironment environment)
    {
        var token = (JsonWebToken)context.SecurityToken;
        // It names what has to be understood (RFC 7515, section 4.1.11), and we understand nothing of it.
        if (token.TryGetHeaderValue<object>("crit", out _)) context.Fail(new SecurityTokenException("crit"));
        // Of an authority's keys, too: those of a file are refused before.
        if (!environment.IsDevelopment() && KeySet.IsOfDevelopment(token.Kid))
            context.Fail(new SecurityTokenSignatureKeyNotFoundException(token.Kid));
        return Task.CompletedTask;
    }

    private static Task RefuseAsync(JwtBearerChallengeContext context)
    {
        // It would quote the token in a header, whatever is in it; the sentence says as much.
        context.ErrorDescription = null;
        if (context.AuthenticateFailure is AuthorityAwayException)
        {
            // No word on the token, which may be right.
            context.HandleResponse();
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
        context.HttpContext.Tell(Sentence(context.AuthenticateFailure));
        return Task.CompletedTask;
    }

    internal static string Sentence(Exception? failure) => failure switch
    {
        null => "Send a token: Authorization: Bearer ...",
        AuthorityAwayException => "The token can't be checked now: who signs them does not answer. Send the same "
            + "request again, after the seconds that Retry-After says.",
        SecurityTokenExpiredException e => $"The token ended at {e.Expires:u}. Send a new one.",
        SecurityTokenNotYetValidException e => $"The token begins at {e.NotBefore:u}.",
        SecurityTokenNoExpirationException => "The token has no end (exp).",
        SecurityTokenInvalidAudienceException => "The token is for somebody else (aud).",
        SecurityTokenInvalidIssuerException => "The token is from somebody else (iss).",
        SecurityTokenSignatureKeyNotFoundException => "The token is signed with a key that is not known here.",
        SecurityTokenInvalidAlgorithmException => "The token is signed in a way that is not taken (alg).",
        SecurityTokenInvalidSignatureException => "The token's signature is not right.",
        SecurityTokenException or ArgumentException => "It is no token that can be taken.",
        _ => "It can't be checked.",
    };
}
