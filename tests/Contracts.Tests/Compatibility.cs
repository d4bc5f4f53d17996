using Avro;
using Newtonsoft.Json.Linq;

namespace Checkout.Contracts.Tests;

/// <summary>
/// Whether what one schema wrote, another reads. Apache.Avro's own CanRead (1.12.2) answers yes where reading then
/// throws or misreads: it ignores the symbols of an enum, the branches of a writer's union, the unit of a timestamp,
/// and whether a default fits its type. CompatibilityTests hold those cases. Stricter than Avro in two points: a
/// changed logical type is a change of meaning, and aliases don't count, as the other direction has none.
/// </summary>
internal static class Compatibility
{
    /// <summary>
    /// What stands against the two reading each other (the registry's FULL), in sentences; nothing, if they can.
    /// </summary>
    public static IReadOnlyList<string> MutualProblems(Schema one, Schema other) =>
        [.. Problems(one, other, one.Fullname).Concat(Problems(other, one, one.Fullname)).Distinct()];

    public static IEnumerable<string> Problems(Schema reader, Schema writer, string at) => (reader, writer) switch
    {
        (_, UnionSchema from) => from.Schemas.SelectMany(branch => Problems(reader, branch, at)),
        (UnionSchema to, _) when to.Schemas.Any(branch => !Problems(branch, writer, at).Any()) => [],
        (UnionSchema, _) => [$"{at}: no branch of the reader's union takes {writer.Name}"],
        (LogicalSchema to, LogicalSchema from) when to.LogicalTypeName == from.LogicalTypeName =>
            Problems(to.BaseSchema, from.BaseSchema, at),
        (LogicalSchema, _) or (_, LogicalSchema) => [$"{at}: the logical type changed"],
        (RecordSchema to, RecordSchema from) when to.Fullname == from.Fullname => FieldProblems(to, from, at),
        (EnumSchema to, EnumSchema from) when to.Fullname == from.Fullname => SymbolProblems(to, from, at),
        (FixedSchema to, FixedSchema from) when to.Fullname == from.Fullname && to.Size == from.Size => [],
        (ArraySchema to, ArraySchema from) => Problems(to.ItemSchema, from.ItemSchema, at + "[]"),
        (MapSchema to, MapSchema from) => Problems(to.ValueSchema, from.ValueSchema, at + "{}"),
        (PrimitiveSchema to, PrimitiveSchema from) when to.Tag == from.Tag || IsPromotion(from.Tag, to.Tag) => [],
        _ => [$"{at}: {writer.Fullname} can't be read as {reader.Fullname}"],
    };

    private static IEnumerable<string> FieldProblems(RecordSchema reader, RecordSchema writer, string at) =>
        reader.Fields.SelectMany(field =>
    {
        var path = $"{at}.{field.Name}";
        if (field.DefaultValue is not null && !Fits(field.Schema, field.DefaultValue))
            return [$"{path}: the default {field.DefaultValue} is no value of its type"];
        if (writer.TryGetField(field.Name, out var written))
            return Problems(field.Schema, written.Schema, path);
        return field.DefaultValue is null
            ? [$"{path}: one of the two lacks the field, and the other has no default for it"]
            : Enumerable.Empty<string>();
    });

    private static IEnumerable<string> SymbolProblems(EnumSchema reader, EnumSchema writer, string at) =>
        reader.Default is not null
        ? []
        : writer.Symbols.Except(reader.Symbols)
        .Select(symbol => $"{at}: one of the two lacks the symbol {symbol}, and has no default symbol");

    private static bool IsPromotion(Schema.Type from, Schema.Type to) => (from, to) switch
    {
        (Schema.Type.Int, Schema.Type.Long or Schema.Type.Float or Schema.Type.Double) => true,
        (Schema.Type.Long, Schema.Type.Float or Schema.Type.Double) => true,
        (Schema.Type.Float, Schema.Type.Double) => true,
        _ => false,
    };

    private static bool Fits(Schema schema, JToken value) => schema switch
    {
        LogicalSchema { LogicalTypeName: "uuid" } =>
            value.Type == JTokenType.String && Guid.TryParseExact((string?)value, "D", out _),
        LogicalSchema logical => Fits(logical.BaseSchema, value),
        UnionSchema union => Fits(union.Schemas[0], value),
        EnumSchema symbols => value.Type == JTokenType.String && symbols.Contains((string)value!),
        RecordSchema record => value is JObject members && record.Fields.All(
            field =>
                members.TryGetValue(field.Name, out var member)
                    ? Fits(field.Schema, member) : field.DefaultValue is not null),
        ArraySchema array => value is JArray items && items.All(item => Fits(array.ItemSchema, item)),
        MapSchema map =>
            value is JObject entries && entries.PropertyValues().All(entry => Fits(map.ValueSchema, entry)),
        _ => schema.Tag switch
        {
            Schema.Type.Null => value.Type == JTokenType.Null,
            Schema.Type.Boolean => value.Type == JTokenType.Boolean,
            Schema.Type.Int => value is JValue { Value: long and >= int.MinValue and <= int.MaxValue },
            Schema.Type.Long => value is JValue { Value: long },
            Schema.Type.Float or Schema.Type.Double => value.Type is JTokenType.Float or JTokenType.Integer,
            _ => value.Type == JTokenType.String,
        },
    };
}
