using System.Reflection;
using System.Security.Cryptography;
using Checkout.Chassis.Edge;
using Microsoft.Net.Http.Headers;

namespace Checkout.Observer.Board;

/// <summary>
/// The page at / and what it consists of. It is the same for everybody and has no figure in it: those its script asks
/// for, with the token of whoever signs in. Served with a tag, and asked for each time.
/// </summary>
internal static class BoardPage
{
    private const string Prefix = "board/";

    /// <summary>
    /// Only what is ours, nothing inline, nothing made from text (Trusted Types), and nobody may frame it.
    /// </summary>
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        + "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'";

    private static readonly Dictionary<string, (byte[] Content, string Tag)> Assets = Read();

    public static void Map(WebApplication app)
    {
        app.MapRead("/", (HttpResponse response) => Get("board.html", response)).AllowAnonymous()
            .ExcludeFromDescription();
        app.MapRead("/assets/{file}", (string file, HttpResponse response) => Get(file, response)).AllowAnonymous()
            .ExcludeFromDescription();
    }

    private static IResult Get(string file, HttpResponse response)
    {
        if (!Assets.TryGetValue(file, out var asset)) return ProblemTypes.NotFound.With("Nothing is at this address.");
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.CacheControl = "no-cache";
        return TypedResults.File(asset.Content, Path.GetExtension(file) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml; charset=utf-8",
            _ => "text/javascript; charset=utf-8",
        }, entityTag: new EntityTagHeaderValue(asset.Tag));
    }

    private static Dictionary<string, (byte[], string)> Read()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(name => name[Prefix.Length..], name =>
            {
                using var stream = assembly.GetManifestResourceStream(name)!;
                var content = new byte[stream.Length];
                stream.ReadExactly(content);
                return (content, $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\"");
            });
    }
}
