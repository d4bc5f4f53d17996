using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;

namespace Checkout.Chassis.Edge.Describing;

/// <summary>
/// What a client needs to know of an endpoint; the OpenAPI document is made of it. Requests are read by our own code
/// (headers that may come once, bodies without a field too many), so nothing could be found out by looking at a
/// handler's parameters.
/// </summary>
/// <param name="Id">Permanent: generated clients name their methods after it.</param>
/// <param name="Tag">The group it is shown in.</param>
public sealed record Operation(string Id, string Tag, string Summary, string Description)
{
    public IReadOnlyList<Parameter> Parameters { get; init; } = [];

    /// <summary>The record of its JSON body; null where it takes none.</summary>
    public Type? Body { get; init; }

    /// <summary>Bodies that work, by what they show.</summary>
    public IReadOnlyList<(string Name, object Value)> BodyExamples { get; init; } = [];

    public required IReadOnlyList<Answer> Answers { get; init; }

    /// <summary>What it refuses beside what every endpoint does.</summary>
    public IReadOnlyList<ProblemType> Problems { get; init; } = [];
}

/// <param name="In">path, query or header.</param>
/// <param name="Schema">In JSON Schema 2020-12.</param>
public sealed record Parameter(string In, string Name, string Description, JsonObject Schema, JsonNode Example,
    bool IsRequired = false);

/// <summary>An answer that is no problem.</summary>
/// <param name="Body">Null where it has none.</param>
/// <param name="Headers">By the names in <see cref="AnswerHeaders"/>.</param>
public sealed record Answer(int Status, string Description, Type? Body, params string[] Headers)
{
    public string MediaType { get; init; } = "application/json";

    /// <summary>Instead of the body's: what is no JSON has a text that shows it.</summary>
    public object? Example { get; init; }
}

public static class DescribedEndpoints
{
    /// <summary>Puts the endpoint in the document; what has no description is not for clients.</summary>
    public static TBuilder Describe<TBuilder>(this TBuilder endpoint, Operation operation)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(operation);
}
