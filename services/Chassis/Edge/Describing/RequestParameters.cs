using System.Text.Json.Nodes;
using Checkout.Chassis.Entrance;

namespace Checkout.Chassis.Edge.Describing;

/// <summary>Parameters of requests that more than one endpoint takes.</summary>
public static class RequestParameters
{
    private const int LongestQuotedKey = 2 * IdempotencyKey.MaxLength + 2;

    /// <summary>Quoted (RFC 9651, with a character that is no space in it) or bare.</summary>
    private const string KeyPattern =
        """^(?:"(?=[^"]*[^" ])(?:[ !#-\[\]-~]|\\["\\])+"|[!#-+\-.-:<-\[\]-~]{1,200})$""";

    public static readonly Parameter Key = new("header", IdempotencyKey.Header,
        "New for each purchase that is meant anew, the same on every try of it. Bare, or quoted (a structured-field "
            + "string); both forms of a text are the same key. A random UUID does.",
        Text(KeyPattern, LongestQuotedKey), "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", IsRequired: true);

    public static readonly Parameter IfNoneMatch = new("header", "If-None-Match",
        "The ETag of the answer that the client has: 304 where it is still that.", Text("^[ -~]*$"),
        "\"2jmj7l5rSw0yVb_vlWAYkK\"");

    public static readonly Parameter Prefer = new("header", Preferences.Header,
        $"wait=SECONDS: to be answered when the checkout has ended, or after so long; "
            + $"{Preferences.LongestWait.TotalSeconds:F0} s at most (RFC 7240).", Text("^[ -~]*$"), "wait=5");

    public static readonly Parameter LastEventId = new("header", EventStream.LastEventIdHeader,
        "The id of the last message that the client has: what it knows is not sent again.", Text("^[ -~]*$"),
        "4bf92f3577b34da6");

    /// <summary>An opaque id in the path.</summary>
    public static Parameter Id(string name, string description, string example) =>
        new("path", name, description, Text(OpaqueId.Pattern, OpaqueId.MaxLength), example, IsRequired: true);

    public static Parameter Uuid(string name, string description, string example) => new("path", name, description,
        new() { ["type"] = "string", ["format"] = "uuid" }, example, IsRequired: true);

    public static Parameter Number(string name, string description, int least, int most, int otherwise) => new("query",
        name, description,
        new()
        {
            ["type"] = "integer",
            ["format"] = "int32",
            ["minimum"] = least,
            ["maximum"] = most,
            ["default"] = otherwise,
        }, otherwise);

    public static Parameter Text(string name, string description, string pattern, string example,
        int? maxLength = null) => new("query", name, description, Text(pattern, maxLength), example);

    private static JsonObject Text(string pattern, int? maxLength = null)
    {
        var schema = new JsonObject { ["type"] = "string", ["pattern"] = pattern };
        if (maxLength is { } most) schema["maxLength"] = most;
        return schema;
    }
}
