using System.Text.Json.Nodes;

namespace Checkout.Chassis.Edge.Describing;

/// <summary>Headers of answers, as the document describes them.</summary>
public static class AnswerHeaders
{
    public const string Location = "Location";
    public const string TraceResponse = "traceresponse";
    public const string RetryAfter = "Retry-After";
    public const string ETag = "ETag";
    public const string Link = "Link";
    public const string Authenticate = "WWW-Authenticate";

    private static readonly Dictionary<string, (string Description, string Pattern, string Example)> All = new()
    {
        [Location] = ("Where the checkout is looked at, from now on.", "^/[!-~]*$",
            "/checkouts/01924f1e-6f00-7000-8000-000000000001"),
        [TraceResponse] = ("The trace that the answer belongs to (W3C Trace Context, level 2).",
            "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        [RetryAfter] = ("Seconds after which to send the same request again.", "^[1-9][0-9]*$", "1"),
        [ETag] = ("The answer's version, for If-None-Match.", "^\"[!#-~]+\"$", "\"2jmj7l5rSw0yVb_vlWAYkK\""),
        [Link] = ("The next page (rel=next), where there is one.", "^<[!-~]+>; rel=\"next\"$",
            "</checkouts?limit=20&cursor=AZJPHm8AcACAAAAAAAAAAQ>; rel=\"next\""),
        [Authenticate] = ("That a bearer token is wanted (RFC 6750), and what is wrong with the one that came.",
            "^Bearer", "Bearer"),
        [Preferences.AppliedHeader] = ("The preference that was followed (RFC 7240).", "^wait=[0-9]+$", "wait=5"),
        [IdempotencyKey.ReplayedHeader] = ("There where the key was used before, and this is that purchase.", "^true$",
            "true"),
    };

    /// <summary>Those that may be missing from an answer that has them.</summary>
    private static readonly string[] Optional = [Link, Preferences.AppliedHeader, IdempotencyKey.ReplayedHeader];

    public static JsonObject Described(string name)
    {
        var (description, pattern, example) = All[name];
        return new()
        {
            ["description"] = description,
            ["required"] = !Optional.Contains(name),
            ["schema"] = new JsonObject { ["type"] = "string", ["pattern"] = pattern },
            ["example"] = example,
        };
    }
}
