using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Checkout.Local;
using Json.Schema;

namespace Checkout.EndToEnd.OpenApi;

/// <summary>A document of contracts/openapi, as somebody reads it who has nothing else.</summary>
internal sealed class ApiContract
{
    private static readonly EvaluationOptions Strict = new() { RequireFormatValidation = true };

    private readonly JsonNode _definitions;
    private readonly ConcurrentDictionary<(string Schema, bool IsWhole), JsonSchema> _schemas = new();

    private ApiContract(string service, JsonNode document)
    {
        _definitions = document["components"]!["schemas"]!;
        Operations = [.. from path in document["paths"]!.AsObject()
                         from operation in path.Value!.AsObject()
                         select new ApiOperation(service, this, path.Key, operation.Key.ToUpperInvariant(),
                             operation.Value!)];
    }

    public IReadOnlyList<ApiOperation> Operations { get; }

    public static string File(string service) => Path.Combine(Layout.Root, "contracts", "openapi", $"{service}.json");

    public static ApiContract Of(string service) =>
        new(service, JsonNode.Parse(System.IO.File.ReadAllText(File(service)))!);

    /// <summary>The schema that a reference names.</summary>
    public JsonNode Named(JsonNode schema) => _definitions[((string)schema["$ref"]!).Split('/')[^1]]!;

    /// <param name="isWhole">Whether a member that the schema does not name is a fault: an answer may not have one that
    /// is not documented, though clients are to bear it.</param>
    public bool Fits(JsonNode schema, JsonElement value, bool isWhole = false) =>
        _schemas.GetOrAdd((schema.ToJsonString(), isWhole), key => Build(key.Schema, key.IsWhole))
            .Evaluate(value, Strict).IsValid;

    private JsonSchema Build(string schema, bool isWhole)
    {
        var made = JsonNode.Parse(schema)!.AsObject();
        made["$defs"] = _definitions.DeepClone();
        if (isWhole) made["unevaluatedProperties"] = false;
        return JsonSchema.FromText(made.ToJsonString()
            .Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal));
    }
}

/// <summary>An operation of a document.</summary>
/// <param name="Service">Whose: store, balance, inventory.</param>
internal sealed record ApiOperation(string Service, ApiContract Contract, string Path, string Method, JsonNode Node)
{
    public IReadOnlyList<JsonObject> Parameters { get; } =
        [.. Node["parameters"]?.AsArray().Select(parameter => parameter!.AsObject()) ?? []];

    public JsonNode? Body { get; } = Node["requestBody"]?["content"]?["application/json"]?["schema"];

    public bool NeedsToken { get; } = Node["security"] is null;

    /// <summary>Whether it may be forbidden for want of a scope: then it is asked with support.</summary>
    public bool NeedsScope { get; } = Node["responses"]!["403"]?["content"]!["application/problem+json"]!["examples"]!
        .AsObject().ContainsKey("forbidden") == true;

    /// <summary>The fields of the body, with the schema of each, and whether it has to be there.</summary>
    public IEnumerable<(string Name, JsonNode Schema, bool IsRequired)> BodyFields() => Body is null ? []
        : Contract.Named(Body).AsObject() is var schema ? schema["properties"]!.AsObject().Select(field =>
            (field.Key, field.Value!, schema["required"]!.AsArray().Any(name => (string)name! == field.Key))) : [];

    public override string ToString() => $"{Service}: {Method} {Path}";

    /// <summary>What of an answer the document does not have, in a sentence; null where it has all.</summary>
    public string? Undocumented(ApiAnswer answer)
    {
        if (Node["responses"]![$"{answer.Status}"] is not { } response) return $"the status {answer.Status}";
        foreach (var (name, header) in response["headers"]?.AsObject() ?? [])
        {
            if (answer.Header(name) is not { } value)
            {
                if ((bool)header!["required"]!) return $"no header {name}";
            }
            else if (!Contract.Fits(header!["schema"]!, JsonSerializer.SerializeToElement(value)))
                return $"the header {name}: {value}";
        }
        if (response["content"]?.AsObject() is not { } content)
            return answer.Text.Length == 0 ? null : $"a body: {answer.Text}";
        if (answer.MediaType is null || content[answer.MediaType] is not { } media)
            return $"the type {answer.MediaType}";
        if (answer.MediaType == "text/event-stream") return null;
        var body = JsonDocument.Parse(answer.Text).RootElement;
        if (!Contract.Fits(media["schema"]!, body, isWhole: true)) return $"the body {answer.Text}";
        return answer.MediaType != "application/problem+json" || media["examples"]!.AsObject().Any(example =>
            (string)example.Value!["value"]!["type"]! == body.GetProperty("type").GetString()) ? null
            : $"the problem {answer.Text}";
    }
}

/// <summary>An answer, as far as a document describes it.</summary>
internal sealed record ApiAnswer(int Status, string? MediaType, IReadOnlyDictionary<string, string> Headers,
    string Text)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
