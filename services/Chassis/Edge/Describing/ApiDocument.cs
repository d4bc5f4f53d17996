using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Checkout.Chassis.Edge.Describing;

/// <summary>What an API is about.</summary>
/// <param name="Tags">The groups of its operations, with a sentence for each.</param>
public sealed record ApiInfo(string Title, string Description, params (string Name, string Description)[] Tags);

/// <summary>
/// The OpenAPI document (3.1) of a service's endpoints: routes and methods from the router, bodies from the records,
/// errors from the problem types, the rest from what each endpoint says of itself.
/// </summary>
internal sealed class ApiDocument
{
    /// <summary>Every service has them.</summary>
    public const string Operators = "operators";

    private const string Token = "token";

    private static readonly (string Name, string Description) OfOperators =
        (Operators, "For operators, with the scope support.");

    /// <summary>What anything refuses, from before a handler runs or where one fails.</summary>
    private static readonly ProblemType[] Everywhere =
        [ProblemTypes.HeaderSentTwice, ProblemTypes.TooManyRequests, ProblemTypes.InternalError, ProblemTypes.NotNow];

    private static readonly ProblemType[] OfBodies =
        [ProblemTypes.BodyNotUnderstood, ProblemTypes.RequestTimeout, ProblemTypes.BodyTooLarge, ProblemTypes.NotJson];

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly BodySchemas _schemas = new();

    public static string Of(ApiInfo info, IEnumerable<RouteEndpoint> endpoints) =>
        new ApiDocument().Make(info, endpoints).ToJsonString(Indented) + "\n";

    private JsonObject Make(ApiInfo info, IEnumerable<RouteEndpoint> endpoints)
    {
        var paths = new JsonObject();
        var described = endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<Operation>() is not null);
        foreach (var path in described.GroupBy(PathOf).OrderBy(path => path.Key, StringComparer.Ordinal))
            paths[path.Key] = new JsonObject(path.SelectMany(OperationsOf).OrderBy(o => o.Key, StringComparer.Ordinal));
        _schemas.Named[nameof(Problem)] = Problem();
        return new()
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = info.Title,
                ["description"] = info.Description,
                ["version"] = "1",
                ["license"] = new JsonObject
                {
                    ["name"] = "All rights reserved",
                    ["identifier"] = "LicenseRef-All-Rights-Reserved",
                },
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/", ["description"] = "Where this is asked for." }),
            ["security"] = new JsonArray(new JsonObject { [Token] = new JsonArray() }),
            ["tags"] = new JsonArray([.. info.Tags.Append(OfOperators).Select(tag =>
                (JsonNode)new JsonObject { ["name"] = tag.Name, ["description"] = tag.Description })]),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject
                {
                    [Token] = new JsonObject
                    {
                        ["type"] = "http",
                        ["scheme"] = "bearer",
                        ["bearerFormat"] = "JWT",
                        ["description"] = "Who asks is the token's sub. With the scope support anybody's may be looked "
                            + "up.",
                    },
                },
                ["schemas"] = new JsonObject(_schemas.Named),
            },
        };
    }

    /// <summary>Without what constrains a parameter of the route: /checkouts/{id:guid} is /checkouts/{id}.</summary>
    private static string PathOf(RouteEndpoint endpoint) =>
        string.Join('/', endpoint.RoutePattern.RawText!.Split('/').Select(part => part.StartsWith('{')
            ? part.Split(':')[0].TrimEnd('}') + "}" : part));

    /// <summary>HEAD is like GET, and is said so once for all.</summary>
    private IEnumerable<KeyValuePair<string, JsonNode?>> OperationsOf(RouteEndpoint endpoint) =>
        from method in endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods
        where method != HttpMethods.Head
        select KeyValuePair.Create<string, JsonNode?>(method.ToLowerInvariant(), OperationOf(endpoint));

    private JsonObject OperationOf(RouteEndpoint endpoint)
    {
        var operation = endpoint.Metadata.GetRequiredMetadata<Operation>();
        var isOpen = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;
        var made = new JsonObject
        {
            ["tags"] = new JsonArray(operation.Tag),
            ["summary"] = operation.Summary,
            ["description"] = operation.Description,
            ["operationId"] = operation.Id,
        };
        if (isOpen) made["security"] = new JsonArray();
        if (operation.Parameters.Count > 0)
            made["parameters"] = new JsonArray([.. operation.Parameters.Select(ParameterOf)]);
        if (operation.Body is not null) made["requestBody"] = BodyOf(operation);
        var answers = operation.Answers.ToDictionary(answer => answer.Status, AnswerOf);
        foreach (var problems in ProblemsOf(operation, isOpen).GroupBy(problem => problem.Status))
            answers.Add(problems.Key, ProblemAnswer([.. problems]));
        made["responses"] = new JsonObject(answers.OrderBy(answer => answer.Key)
            .Select(answer => KeyValuePair.Create<string, JsonNode?>($"{answer.Key}", answer.Value)));
        return made;
    }

    private static IEnumerable<ProblemType> ProblemsOf(Operation operation, bool isOpen) =>
        operation.Problems.Concat(Everywhere)
            .Concat(isOpen ? [] : [ProblemTypes.Unauthorized])
            .Concat(operation.Body is null ? [] : OfBodies)
            .Distinct().OrderBy(problem => problem.Slug, StringComparer.Ordinal);

    private static JsonNode ParameterOf(Parameter parameter) => new JsonObject
    {
        ["name"] = parameter.Name,
        ["in"] = parameter.In,
        ["description"] = parameter.Description,
        ["required"] = parameter.IsRequired,
        ["schema"] = parameter.Schema.DeepClone(),
        ["example"] = parameter.Example.DeepClone(),
    };

    private JsonObject BodyOf(Operation operation) => new()
    {
        ["required"] = true,
        ["content"] = new JsonObject
        {
            ["application/json"] = new JsonObject
            {
                ["schema"] = _schemas.OfRequest(operation.Body!),
                ["examples"] = new JsonObject(operation.BodyExamples.Select(example =>
                    KeyValuePair.Create<string, JsonNode?>(example.Name, new JsonObject
                    {
                        ["value"] = JsonSerializer.SerializeToNode(example.Value, JsonSerializerOptions.Web),
                    }))),
            },
        },
    };

    private JsonObject AnswerOf(Answer answer)
    {
        var made = new JsonObject { ["description"] = answer.Description };
        if (answer.Headers.Length > 0) made["headers"] = HeadersOf(answer.Headers);
        if (answer.Body is null) return made;
        made["content"] = new JsonObject
        {
            [answer.MediaType] = new JsonObject
            {
                ["schema"] = _schemas.OfAnswer(answer.Body),
                ["example"] = answer.Example is { } said ? JsonSerializer.SerializeToNode(said)
                    : BodySchemas.ExampleOf(answer.Body),
            },
        };
        return made;
    }

    private static JsonObject HeadersOf(IEnumerable<string> names) => new(names.Select(name =>
        KeyValuePair.Create<string, JsonNode?>(name, AnswerHeaders.Described(name))));

    private JsonObject ProblemAnswer(IReadOnlyList<ProblemType> types)
    {
        var reference = new JsonObject { ["$ref"] = $"#/components/schemas/{nameof(Problem)}" };
        var members = types.Select(type => type.Members).OfType<Type>().ToList();
        var made = new JsonObject
        {
            ["description"] = string.Join(" ", types.Select(type => $"{type.Title} ({type.Slug}).")),
        };
        string[] headers = types[0].Status switch
        {
            StatusCodes.Status401Unauthorized => [AnswerHeaders.Authenticate],
            StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable =>
                [AnswerHeaders.RetryAfter],
            _ => [],
        };
        if (headers.Length > 0) made["headers"] = HeadersOf(headers);
        made["content"] = new JsonObject
        {
            ["application/problem+json"] = new JsonObject
            {
                ["schema"] = members.Count == 0 ? reference
                    : new JsonObject
                    {
                        ["allOf"] = new JsonArray([reference, .. members.Select(type =>
                            members.Count == types.Count ? _schemas.OfAnswer(type) : _schemas.OfSome(type))]),
                    },
                ["examples"] = new JsonObject(types.Select(type => KeyValuePair.Create<string, JsonNode?>(type.Slug,
                    new JsonObject { ["value"] = ExampleOf(type) }))),
            },
        };
        return made;
    }

    private static JsonObject ExampleOf(ProblemType type)
    {
        var example = new JsonObject
        {
            ["type"] = type.Uri,
            ["title"] = type.Title,
            ["status"] = type.Status,
            ["traceId"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        };
        if (type.Members is not null)
            foreach (var (name, value) in (JsonObject)BodySchemas.ExampleOf(type.Members)!)
                example[name] = value?.DeepClone();
        return example;
    }

    private static JsonObject Problem() => new()
    {
        ["type"] = "object",
        ["description"] = "What went wrong (RFC 9457). Decide by type, whose page in docs/problems says what to do.",
        ["required"] = new JsonArray("type", "title", "status", "traceId"),
        ["properties"] = new JsonObject
        {
            ["type"] = Text("Which problem it is. Its names never change their meaning.", "uri"),
            ["title"] = Text("What the type is called, for people."),
            ["status"] = new JsonObject
            {
                ["type"] = "integer",
                ["format"] = "int32",
                ["minimum"] = 400,
                ["maximum"] = 599,
                ["description"] = "The status of the answer.",
            },
            ["detail"] = Text("What to change, for people."),
            ["traceId"] = Text("By which our logs and traces have it."),
        },
    };

    private static JsonObject Text(string description, string? format = null)
    {
        var text = new JsonObject { ["type"] = "string", ["description"] = description };
        if (format is not null) text["format"] = format;
        return text;
    }
}
