using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Checkout.Chassis.Edge.Describing;

/// <summary>The JSON Schemas (2020-12) of records, as the serializer writes them and our reader takes them.</summary>
internal sealed class BodySchemas
{
    private static readonly string[] Suffixes = ["View", "Answer"];

    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The named ones, in the order of their names.</summary>
    public SortedDictionary<string, JsonNode?> Named { get; } = new(StringComparer.Ordinal);

    /// <summary>What is answered: every field is there, and a later version may add some.</summary>
    public JsonObject OfAnswer(Type type) => Of(type, isRequest: false);

    /// <summary>What is taken: no field more, and one that may be null is left out instead.</summary>
    public JsonObject OfRequest(Type type) => Of(type, isRequest: true);

    /// <summary>What some answers of a status have beside, and others do not.</summary>
    public JsonObject OfSome(Type type)
    {
        var schema = OfRecord(type, isRequest: false);
        schema.Remove("required");
        return schema;
    }

    private JsonObject Of(Type type, bool isRequest)
    {
        if (type == typeof(string)) return new() { ["type"] = "string" };
        if (type == typeof(bool)) return new() { ["type"] = "boolean" };
        if (type == typeof(int)) return new() { ["type"] = "integer", ["format"] = "int32" };
        if (type == typeof(long)) return new() { ["type"] = "integer", ["format"] = "int64" };
        if (type == typeof(double)) return new() { ["type"] = "number", ["format"] = "double" };
        if (type == typeof(Guid)) return new() { ["type"] = "string", ["format"] = "uuid" };
        if (type == typeof(DateTime)) return new() { ["type"] = "string", ["format"] = "date-time" };
        // An object of any fields; it is enumerable, too.
        if (type == typeof(JsonObject)) return new() { ["type"] = "object" };
        if (typeof(IEnumerable).IsAssignableFrom(type))
            return new() { ["type"] = "array", ["items"] = Of(type.GetGenericArguments()[0], isRequest) };
        var name = Suffixes.Aggregate(type.Name, (known, suffix) =>
            known.EndsWith(suffix, StringComparison.Ordinal) ? known[..^suffix.Length] : known);
        if (Named.TryAdd(name, null)) Named[name] = OfRecord(type, isRequest);
        return new() { ["$ref"] = $"#/components/schemas/{name}" };
    }

    private JsonObject OfRecord(Type type, bool isRequest)
    {
        var fields = Web.GetTypeInfo(type).Properties.Where(field => field.Get is not null).ToList();
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["required"] = new JsonArray([.. fields.Where(field => !isRequest || !field.IsGetNullable)
                .Select(field => (JsonNode)field.Name)]),
            ["properties"] = new JsonObject(fields.Select(field =>
                KeyValuePair.Create<string, JsonNode?>(field.Name, OfField(field, isRequest)))),
        };
        if (isRequest) schema["additionalProperties"] = false;
        return schema;
    }

    private JsonObject OfField(JsonPropertyInfo field, bool isRequest)
    {
        var schema = Of(Nullable.GetUnderlyingType(field.PropertyType) ?? field.PropertyType, isRequest);
        if (!isRequest && field.IsGetNullable) schema = OrNull(schema);
        var said = (FieldAttribute?)field.AttributeProvider?.GetCustomAttributes(typeof(FieldAttribute), false)
            .SingleOrDefault() ?? throw new InvalidOperationException(
                $"{field.DeclaringType.Name}.{field.Name} has no {nameof(FieldAttribute)} to describe it.");
        schema["description"] = said.Description;
        if (said.Pattern is not null) schema["pattern"] = said.Pattern;
        if (said.MaxLength > 0) schema["maxLength"] = said.MaxLength;
        if (said.Most > 0) (schema["minimum"], schema["maximum"]) = (said.Least, said.Most);
        if (said.Example is not null) schema["examples"] = new JsonArray(JsonSerializer.SerializeToNode(said.Example));
        return schema;
    }

    private static JsonObject OrNull(JsonObject schema)
    {
        // A reference is to a type of its own, and says nothing of null.
        if (schema.ContainsKey("$ref")) return new() { ["anyOf"] = new JsonArray(schema, Of("null")) };
        schema["type"] = new JsonArray((string)schema["type"]!, "null");
        return schema;

        static JsonObject Of(string type) => new() { ["type"] = type };
    }

    /// <summary>An example of an answer, made of the examples of its fields.</summary>
    public static JsonNode? ExampleOf(Type type)
    {
        if (type == typeof(JsonObject)) return new JsonObject();
        if (type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type))
            return ExampleOf(type.GetGenericArguments()[0]) is { } item ? new JsonArray(item) : new JsonArray();
        if (type.IsValueType || type == typeof(string)) return null;
        var example = new JsonObject();
        foreach (var field in Web.GetTypeInfo(type).Properties.Where(field => field.Get is not null))
            example[field.Name] = ((MemberInfo)field.AttributeProvider!).GetCustomAttribute<FieldAttribute>()!.Example
                is { } said ? JsonSerializer.SerializeToNode(said) : ExampleOf(field.PropertyType);
        return example;
    }
}
