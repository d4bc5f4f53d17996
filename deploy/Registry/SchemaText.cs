using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Avro;
using Newtonsoft.Json.Linq;

namespace Checkout.Registry;

/// <summary>
/// An Avro schema: as it is stored and served (without white space), in the form that tells equal ones, and parsed.
/// </summary>
internal sealed class SchemaText
{
    public static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    };

    private SchemaText(string text, string key, Schema parsed)
    {
        Text = text;
        Key = key;
        Parsed = parsed;
        Guid = new Guid(Md5(text), bigEndian: true);
    }

    public string Text { get; }

    /// <summary>
    /// Equal for schemas that differ in white space, in the order of a type's attributes, or in writing
    /// {"type":"string"} for "string".
    /// </summary>
    public string Key { get; }

    public Schema Parsed { get; }

    /// <summary>As the contract has it: the MD5 hash of the text, read as a UUID.</summary>
    public Guid Guid { get; }

    public static SchemaText Parse(string? text)
    {
        try
        {
            // A bare type name is a schema too, also without quotes; the parser answers null to a type it does not
            // know.
            var node = JsonNode.Parse(text is not null && text.Length > 0
                && char.IsAsciiLetter(text[0]) ? $"\"{text}\"" : text ?? "");
            var plain = node!.ToJsonString(Plain);
            var parsed = Schema.Parse(plain) ?? throw RegistryException.InvalidSchema("its type is not known.");
            CheckDefaults(parsed, []);
            return new(plain, Sorted(node)!.ToJsonString(Plain), parsed);
        }
        catch (Exception e)
            when (e is AvroException or JsonException or Newtonsoft.Json.JsonException or ArgumentException
                or FormatException
            or InvalidOperationException or NullReferenceException)
        {
            throw RegistryException.InvalidSchema(e.Message);
        }
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject { Count: 1 } type when type["type"] is JsonValue name => name.DeepClone(),
        JsonObject type => new JsonObject(type.OrderBy(part => part.Key, StringComparer.Ordinal)
            .Select(part => KeyValuePair.Create(part.Key, Sorted(part.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    /// <summary>Apache.Avro 1.12.2 takes any default for any type (seen); registries in production do not.</summary>
    private static void CheckDefaults(Schema schema, HashSet<Schema> seen)
    {
        if (!seen.Add(schema)) return;
        foreach (var field in (schema as RecordSchema)?.Fields ?? [])
            if (field.DefaultValue is { } value && !IsDefaultFor(value, field.Schema))
                throw RegistryException.InvalidSchema(
                    $"the default of the field {field.Name} is not one of its "
                        + $"type{(field.Schema is UnionSchema ? "'s first branch" : "")}.");
        foreach (var part in Parts(schema)) CheckDefaults(part, seen);
    }

    private static IEnumerable<Schema> Parts(Schema schema) => schema switch
    {
        RecordSchema record => record.Fields.Select(field => field.Schema),
        UnionSchema union => union.Schemas,
        ArraySchema array => [array.ItemSchema],
        MapSchema map => [map.ValueSchema],
        _ => [],
    };

    private static bool IsDefaultFor(JToken value, Schema schema) => (schema, value.Type) switch
    {
        (LogicalSchema logical, _) => IsDefaultFor(value, logical.BaseSchema),
        // Avro 1.12 would take any branch; the readers of 1.11 and before take the first only.
        (UnionSchema union, _) => IsDefaultFor(value, union.Schemas[0]),
        (EnumSchema symbols, JTokenType.String) => symbols.Contains((string)value!),
        (EnumSchema, _) => false,
        ({ Tag: Schema.Type.Null }, var type) => type == JTokenType.Null,
        ({ Tag: Schema.Type.Boolean }, var type) => type == JTokenType.Boolean,
        ({ Tag: Schema.Type.Int or Schema.Type.Long }, var type) => type == JTokenType.Integer,
        ({ Tag: Schema.Type.Float or Schema.Type.Double }, var type) => type is JTokenType.Integer or JTokenType.Float,
        ({ Tag: Schema.Type.Array }, var type) => type == JTokenType.Array,
        ({ Tag: Schema.Type.Map or Schema.Type.Record }, var type) => type == JTokenType.Object,
        (_, var type) => type == JTokenType.String,
    };

#pragma warning disable CA5351 // The contract names MD5; nothing here is a secret.
    private static byte[] Md5(string text) => MD5.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5351
}
