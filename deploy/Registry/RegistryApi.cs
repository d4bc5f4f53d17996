using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Checkout.Registry;

/// <summary>The part of the Confluent REST contract that clients' serializers, and people with curl, use.</summary>
internal sealed class RegistryApi(SchemaStore store)
{
    private const string ContentType = "application/vnd.schemaregistry.v1+json";

    public void Map(IEndpointRouteBuilder routes)
    {
        Get(routes, "/", _ => new JsonObject());
        Get(routes, "/schemas/types", _ => new JsonArray("AVRO"));
        Get(routes, "/mode", _ => new JsonObject { ["mode"] = "READWRITE" });
        // Newer clients look for a subject given by association first; an empty list sends them to the topic's name.
        Get(routes, "/associations/resources/{ns}/{name}", _ => new JsonArray());

        Get(routes, "/subjects", http => Strings(store.Subjects(http.Request.Query["subjectPrefix"].ToString())));
        Get(routes, "/subjects/{subject}/versions",
            http => Numbers(store.Versions(Subject(http)).Select(found => found.Version)));
        Get(routes, "/subjects/{subject}/versions/{version}", http => Whole(Version(http)));
        Get(routes, "/subjects/{subject}/versions/{version}/schema", http => JsonNode.Parse(Version(http).Schema.Text));
        Get(routes, "/subjects/{subject}/versions/{version}/referencedby", _ => new JsonArray());
        Post(routes, "/subjects/{subject}/versions",
            (http, body) => Whole(store.Register(Subject(http), Schema(body))));
        Post(routes, "/subjects/{subject}", (http, body) => Whole(store.Find(Subject(http), Schema(body))));

        Get(routes, "/schemas/ids/{id:int}", http => Text(store.ById(Id(http))[0]));
        Get(routes, "/schemas/ids/{id:int}/schema", http => JsonNode.Parse(store.ById(Id(http))[0].Schema.Text));
        Get(routes, "/schemas/ids/{id:int}/subjects",
            http => Strings(store.ById(Id(http)).Select(found => found.Subject)));
        Get(routes, "/schemas/ids/{id:int}/versions", http => new JsonArray([.. store.ById(Id(http)).Select(Place)]));
        Get(routes, "/schemas/guids/{guid:guid}", http => Text(store.ByGuid(Guid.Parse(Value(http, "guid")))[0]));

        Post(routes, "/compatibility/subjects/{subject}/versions",
            (http, body) => Verdict(http, store.Problems(Subject(http), null, Schema(body))));
        Post(routes, "/compatibility/subjects/{subject}/versions/{version}",
            (http, body) => Verdict(http, store.Problems(Subject(http), Value(http, "version"), Schema(body))));

        Get(routes, "/config", _ => new JsonObject { ["compatibilityLevel"] = $"{store.Level(null)}" });
        Get(routes, "/config/{subject}", http => new JsonObject { ["compatibilityLevel"] = $"{Level(http)}" });
        Put(routes, "/config", (_, body) => SetLevel(null, body));
        Put(routes, "/config/{subject}", (http, body) => SetLevel(Subject(http), body));
    }

    /// <summary>
    /// Every error has a body, also a route or method that is not there: the JavaScript client recognises no other
    /// error.
    /// </summary>
    public static async Task WithErrorBodies(HttpContext http, RequestDelegate next)
    {
        try
        {
            await next(http);
            var status = http.Response.StatusCode;
            if (status >= 400 && !http.Response.HasStarted)
                await WriteError(http, status, status, $"HTTP {status} {http.Request.Method} {http.Request.Path}");
        }
        catch (RegistryException e)
        {
            await WriteError(http, e.Status, e.Code, e.Message);
        }
        catch (Exception e) when (!http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            await WriteError(http, 500, 50001, $"The registry failed, perhaps to write its file: {e.Message}");
        }
    }

    private SubjectVersion Version(HttpContext http) => store.Version(Subject(http), Value(http, "version"));

    private CompatibilityLevel Level(HttpContext http) => store.Level(Subject(http))
        ?? (Flag(http, "defaultToGlobal") ? store.Level(null)!.Value : throw RegistryException.NoLevel(Subject(http)));

    private JsonObject SetLevel(string? subject, JsonObject body)
    {
        var level = CompatibilityLevels.Parse(TextOf(body, "compatibility"));
        store.SetLevel(subject, level);
        return new() { ["compatibility"] = $"{level}" };
    }

    private static SchemaText Schema(JsonObject body)
    {
        if (TextOf(body, "schemaType") is { } type && type != "AVRO")
            throw RegistryException.InvalidSchema($"this registry, for development, takes AVRO, not {type}.");
        if (body["references"] is JsonArray { Count: > 0 })
            throw RegistryException.InvalidSchema(
                "this registry, for development, takes no references: put the types into one schema.");
        return SchemaText.Parse(TextOf(body, "schema"));
    }

    private static JsonObject Whole(SubjectVersion found) => new()
    {
        ["subject"] = found.Subject,
        ["version"] = found.Version,
        ["id"] = found.Id,
        ["guid"] = $"{found.Schema.Guid}",
        ["schema"] = found.Schema.Text,
    };

    private static JsonObject Place(SubjectVersion found) =>
        new() { ["subject"] = found.Subject, ["version"] = found.Version };

    private static JsonObject Text(SubjectVersion found) => new() { ["schema"] = found.Schema.Text };

    private static JsonObject Verdict(HttpContext http, List<string> problems)
    {
        var verdict = new JsonObject { ["is_compatible"] = problems.Count == 0 };
        if (Flag(http, "verbose")) verdict["messages"] = Strings(problems);
        return verdict;
    }

    private static string Subject(HttpContext http) => Value(http, "subject");

    private static int Id(HttpContext http) =>
        int.Parse(Value(http, "id"), System.Globalization.CultureInfo.InvariantCulture);

    private static string Value(HttpContext http, string name) => (string)http.GetRouteValue(name)!;

    /// <summary>The .NET client sends True and False.</summary>
    private static bool Flag(HttpContext http, string name) =>
        string.Equals(http.Request.Query[name], "true", StringComparison.OrdinalIgnoreCase);

    private static string? TextOf(JsonObject body, string name) =>
        body[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static JsonArray Strings(IEnumerable<string> values) =>
        new([.. values.Select(value => JsonValue.Create(value))]);

    private static JsonArray Numbers(IEnumerable<int> values) =>
        new([.. values.Select(value => JsonValue.Create(value))]);

    private static void Get(IEndpointRouteBuilder routes, string path, Func<HttpContext, JsonNode?> answer) =>
        routes.MapGet(path, (RequestDelegate)(http => Write(http, 200, answer(http))));

    private static void Post(IEndpointRouteBuilder routes, string path,
        Func<HttpContext, JsonObject, JsonNode> answer) =>
        routes.MapPost(path,
            (RequestDelegate)(async http => await Write(http, 200, answer(http, await BodyAsync(http)))));

    private static void Put(IEndpointRouteBuilder routes, string path,
        Func<HttpContext, JsonObject, JsonNode> answer) =>
        routes.MapPut(path,
            (RequestDelegate)(async http => await Write(http, 200, answer(http, await BodyAsync(http)))));

    private static async Task<JsonObject> BodyAsync(HttpContext http)
    {
        try
        {
            return await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted) as JsonObject
                ?? throw new RegistryException(400, "The body has to be a JSON object.");
        }
        catch (JsonException e)
        {
            throw new RegistryException(400, $"The body is not JSON: {e.Message}");
        }
    }

    private static Task WriteError(HttpContext http, int status, int code, string message) =>
        Write(http, status, new JsonObject { ["error_code"] = code, ["message"] = message });

    private static Task Write(HttpContext http, int status, JsonNode? body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = ContentType;
        return http.Response.WriteAsync(body?.ToJsonString(SchemaText.Plain) ?? "null", http.RequestAborted);
    }
}
