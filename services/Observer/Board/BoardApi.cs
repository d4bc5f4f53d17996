using System.Security.Cryptography;
using System.Text;
using Checkout.Chassis.Edge;
using Microsoft.Net.Http.Headers;

namespace Checkout.Observer.Board;

/// <summary>
/// The page at /, with figures for whoever is signed in, and how one signs in and out, without any script. The cookie
/// is for GET and HEAD of this address: what changes something, and all of the API, take a bearer's token alone.
/// </summary>
internal static class BoardApi
{
    private const string Home = "/";

    private static readonly BoardSession Elsewhere = new(false,
        "This was sent by a page elsewhere, and nothing was done.", StatusCodes.Status403Forbidden);

    public static void Map(WebApplication app)
    {
        app.MapRead(Home, GetAsync).AllowAnonymous().ExcludeFromDescription();
        app.MapPost(Home, SignInAsync).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/sign-out", SignOut).AllowAnonymous().ExcludeFromDescription();
        app.Services.GetRequiredService<BoardPage>().Assets.Map(app);
    }

    private static async Task<IResult> GetAsync(HttpContext http, BoardPage page, BoardReader reader,
        CancellationToken cancellation)
    {
        var session = await BoardSession.OfCookieAsync(http);
        if (session.IsSignedIn) return await FiguresAsync(http, page, reader, cancellation);
        if (session.Status == StatusCodes.Status503ServiceUnavailable) return Refused(http, page, session);
        return Page(http, page, new()
        {
            Problem = session.Problem,
            // A browser sends it no cookie, and the next page that is asked for from here it does.
            MayBeSignedIn = BoardSession.IsFromElsewhere(http.Request),
        }, isKept: session.Problem is null);
    }

    private static async Task<IResult> SignInAsync(HttpContext http, BoardPage page, CancellationToken cancellation)
    {
        if (BoardSession.IsFromElsewhere(http.Request)) return Refused(http, page, Elsewhere);
        var session = await BoardSession.OfFormAsync(http, cancellation);
        return session.IsSignedIn ? ToHome(http) : Refused(http, page, session);
    }

    private static IResult SignOut(HttpContext http, BoardPage page)
    {
        if (BoardSession.IsFromElsewhere(http.Request)) return Refused(http, page, Elsewhere);
        BoardSession.Forget(http);
        return ToHome(http);
    }

    private static async Task<IResult> FiguresAsync(HttpContext http, BoardPage page, BoardReader reader,
        CancellationToken cancellation)
    {
        var figures = await reader.ReadAsync(cancellation);
        if (figures is null) http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Page(http, page, new()
        {
            IsSignedIn = true,
            Figures = figures,
            Processes = reader.Processes,
            Problem = figures is null ? "The figures can't be read right now: the observer's database does not answer."
                : null,
        }, isKept: false);
    }

    private static IResult Refused(HttpContext http, BoardPage page, BoardSession session)
    {
        http.Response.StatusCode = session.Status;
        // RFC 9110, section 15.5.2; no browser asks anybody for that.
        if (session.Status == StatusCodes.Status401Unauthorized) http.Response.Headers.WWWAuthenticate = "Bearer";
        return Page(http, page, new()
        {
            Problem = session.Problem,
            IsRefused = session.IsWrong,
            MayBeSignedIn = session == Elsewhere,
        }, isKept: false);
    }

    private static IResult ToHome(HttpContext http)
    {
        http.Response.Headers.Location = Home;
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <param name="isKept">It is the same for everybody: kept by a browser, and asked for each time.</param>
    private static IResult Page(HttpContext http, BoardPage page, BoardView view, bool isKept)
    {
        var html = Encoding.UTF8.GetBytes(page.Render(view));
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = BoardPage.ContentSecurityPolicy;
        headers.CacheControl = isKept ? "no-cache" : "no-store";
        headers.Vary = HeaderNames.Cookie;
        return TypedResults.File(html, "text/html; charset=utf-8", entityTag: !isKept ? null
            : new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(html))}\""));
    }
}
