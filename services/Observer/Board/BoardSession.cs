using Checkout.Chassis.Edge;
using Checkout.Chassis.Identity;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace Checkout.Observer.Board;

/// <summary>Who looks at the page.</summary>
/// <param name="IsSignedIn">With the scope support: figures may be seen.</param>
/// <param name="Problem">Why not, in a sentence; null where nobody tried.</param>
/// <param name="Status">Of the answer to who tried.</param>
internal sealed record BoardSession(bool IsSignedIn, string? Problem, int Status)
{
    /// <summary>Each browser keeps so much of a cookie, its name included (RFC 6265, section 6.1).</summary>
    private const int MostCharacters = 4_000;

    private const int MaxBodyBytes = 16 * 1024;
    private const string Field = "token", Name = "observer-token";

    /// <summary>No other host and no unsafe page can have set one of this name.</summary>
    private const string SecurePrefix = "__Host-";

    /// <summary>The token was judged, and is not good for this.</summary>
    public bool IsWrong { get; private init; }

    private static readonly TimeSpan Within = TimeSpan.FromSeconds(10);

    private static readonly BoardSession Nobody = new(false, null, StatusCodes.Status200OK);

    /// <summary>By the cookie. Who answers for the page calls it, and nobody else: the API takes none.</summary>
    public static async Task<BoardSession> OfCookieAsync(HttpContext http)
    {
        if (http.Request.Cookies[NameFor(http.Request)] is not { Length: > 0 } token) return Nobody;
        var session = await JudgedAsync(http, token);
        if (session.IsWrong) Forget(http);
        return session;
    }

    /// <summary>By the form, which is then remembered in a cookie.</summary>
    /// <exception cref="RequestRefusedException">It is no such form; 400, 408, 413 or 415.</exception>
    public static async Task<BoardSession> OfFormAsync(HttpContext http, CancellationToken cancellation)
    {
        var token = (await FormAsync(http, cancellation)).Trim();
        if (token.Length == 0) return new(false, "Give a token.", StatusCodes.Status400BadRequest);
        var session = await JudgedAsync(http, token);
        if (!session.IsSignedIn) return session;
        if (token.Length > MostCharacters)
            return new(false, $"The token is good, and has {token.Length} characters: a browser keeps at most "
                + $"{MostCharacters}. Have one made with fewer claims.", StatusCodes.Status400BadRequest);
        http.Response.Cookies.Append(NameFor(http.Request), token, Options(http.Request));
        return session;
    }

    public static void Forget(HttpContext http) =>
        http.Response.Cookies.Delete(NameFor(http.Request), Options(http.Request));

    /// <summary>
    /// Of a page elsewhere: nobody is signed in or out by that. A browser says so itself where it trusts the way
    /// (Sec-Fetch-Site), else by the origin; what sends neither is no browser, and in nobody's name.
    /// </summary>
    public static bool IsFromElsewhere(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"] is { Count: > 0 } site)
            return site is not [("same-origin" or "none")];
        return request.Headers.Origin is { Count: > 0 } origin
            && !(origin is [{ } one] && Uri.TryCreate(one, UriKind.Absolute, out var url)
                && url.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    private static async Task<BoardSession> JudgedAsync(HttpContext http, string token)
    {
        var judged = await HandedToken.JudgeAsync(http, token);
        if (judged.IsUnchecked) return new(false, judged.Problem, StatusCodes.Status503ServiceUnavailable);
        if (judged.User is not { } user) return Wrong(judged.Problem, StatusCodes.Status401Unauthorized);
        return Scopes.Has(user, Scopes.Support) ? new(true, null, StatusCodes.Status200OK)
            : Wrong("The token does not give the right to this: it has not the scope support.",
                StatusCodes.Status403Forbidden);
    }

    private static BoardSession Wrong(string? problem, int status) => new(false, problem, status) { IsWrong = true };

    private static async Task<string> FormAsync(HttpContext http, CancellationToken cancellation)
    {
        if (!http.Request.HasFormContentType || http.Request.ContentType!.StartsWith("multipart/",
            StringComparison.OrdinalIgnoreCase))
            throw ProblemTypes.NotJson.Refused("Send the form as application/x-www-form-urlencoded.");
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = MaxBodyBytes;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Within);
        try
        {
            var form = await new FormPipeReader(http.Request.BodyReader).ReadFormAsync(patience.Token);
            return form.TryGetValue(Field, out var values) && values is [{ } one] ? one : "";
        }
        catch (InvalidDataException e)
        {
            throw ProblemTypes.BodyNotUnderstood.Refused($"The form can't be taken: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw ProblemTypes.RequestTimeout.Refused($"The form was not here within {Within.TotalSeconds} s.");
        }
    }

    private static string NameFor(HttpRequest request) => IsSecure(request) ? SecurePrefix + Name : Name;

    private static CookieOptions Options(HttpRequest request) => new()
    {
        HttpOnly = true,
        Secure = IsSecure(request),
        SameSite = SameSiteMode.Strict,
        Path = "/",
    };

    /// <summary>
    /// Where a gateway ends TLS, it says so. Who claims it falsely only has a cookie that is sent less often.
    /// </summary>
    private static bool IsSecure(HttpRequest request) => request.IsHttps
        || request.Headers["X-Forwarded-Proto"].ToString().StartsWith("https", StringComparison.OrdinalIgnoreCase);
}
