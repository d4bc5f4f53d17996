using System.Collections;
using System.Text.Json.Nodes;
using Avro;
using Avro.Generic;
using Avro.Specific;

namespace Checkout.Chassis.WireFormat;

/// <summary>A decoded event for people: its fields as JSON, times in UTC, symbols by their names.</summary>
public static class EventJson
{
    public static JsonObject Of(ISpecificRecord record) =>
        Of((RecordSchema)record.Schema, field => record.Get(field.Pos));

    public static JsonObject Of(GenericRecord record) => Of(record.Schema, field => record.GetValue(field.Pos));

    private static JsonObject Of(RecordSchema schema, Func<Field, object?> value) =>
        new(schema.Fields.Select(field => KeyValuePair.Create(field.Name, NodeOf(value(field)))));

    private static JsonNode? NodeOf(object? value) => value switch
    {
        null => null,
        bool flag => flag,
        int number => number,
        long number => number,
        float number => number,
        double number => number,
        string text => text,
        Guid id => id.ToString(),
        DateTime time => JsonValue.Create(time),
        GenericEnum symbol => symbol.Value,
        byte[] bytes => Convert.ToBase64String(bytes),
        GenericFixed bytes => Convert.ToBase64String(bytes.Value),
        ISpecificRecord record => Of(record),
        GenericRecord record => Of(record),
        IDictionary map => new JsonObject(map.Cast<DictionaryEntry>().Select(entry =>
            KeyValuePair.Create((string)entry.Key, NodeOf(entry.Value)))),
        IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(NodeOf)]),
        _ => value.ToString(),
    };
}
