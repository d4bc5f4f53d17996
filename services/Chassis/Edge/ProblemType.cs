using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Checkout.Chassis.Edge;

/// <summary>
/// A kind of problem that a client can be told of (RFC 9457). Slug and status are permanent, clients decide by them;
/// each has a page docs/problems/[slug].md. A service keeps its own as static fields of a class of its assembly.
/// </summary>
public sealed record ProblemType(string Slug, int Status, string Title)
{
    /// <summary>What every type's URI begins with. A name, not an address: nothing is asked there.</summary>
    public const string Prefix = "https://avatarstore.example/problems/";

    public string Uri => Prefix + Slug;

    /// <summary>A record of the members that only this type has; null where it has none.</summary>
    public Type? Members { get; init; }

    /// <summary>An answer of this type: what to change, and members that only this type has.</summary>
    public ProblemHttpResult With(string detail, params (string Name, object? Value)[] members) => TypedResults.Problem(
        detail, statusCode: Status, title: Title, type: Uri,
        extensions: members.ToDictionary(member => member.Name, member => member.Value));

    /// <summary>The same from where no answer can be given: thrown, it becomes one.</summary>
    public RequestRefusedException Refused(string detail) => new(this, detail);

    /// <summary>All that an assembly declares, in the order of their status.</summary>
    public static IReadOnlyList<ProblemType> In(Assembly assembly) =>
        [.. assembly.GetTypes().SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Where(field => field.FieldType == typeof(ProblemType))
            .Select(field => (ProblemType)field.GetValue(null)!)
            .OrderBy(type => type.Status).ThenBy(type => type.Slug, StringComparer.Ordinal)];
}
