using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Avro;
using Avro.Generic;
using Avro.IO;

namespace Checkout.Generator;

/// <summary>
/// One event of a schema, the same on every run: its bytes in single-object encoding, and what they say in words.
/// </summary>
internal static class Sample
{
    private static readonly DateTime Instant = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc)
        .AddMicroseconds(678_901);

    public static JsonObject Of(RecordSchema schema)
    {
        var record = new GenericRecord(schema);
        var said = new JsonObject();
        foreach (var field in schema.Fields)
        {
            var (value, words) = ValueOf(field.Schema, $"{schema.Fullname}.{field.Name}", field.Name);
            record.Add(field.Name, value);
            said[field.Name] = words;
        }

        return new JsonObject { ["singleObject"] = Convert.ToHexStringLower(Encode(record)), ["fields"] = said };
    }

    private static byte[] Encode(GenericRecord record)
    {
        using var bytes = new MemoryStream();
        bytes.Write([0xC3, 0x01]);
        bytes.Write(SchemaNormalization.ParsingFingerprint("CRC-64-AVRO", record.Schema));
        new GenericDatumWriter<GenericRecord>(record.Schema).Write(record, new BinaryEncoder(bytes));
        return bytes.ToArray();
    }

    private static (object? Value, JsonNode? Words) ValueOf(Schema schema, string seed, string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(seed));
        switch (schema)
        {
            case LogicalSchema { LogicalTypeName: "uuid" }:
                var id = new Guid(hash.AsSpan(0, 16));
                return (id, id.ToString());
            case LogicalSchema { LogicalTypeName: "timestamp-micros" }:
                return (Instant, Instant.ToString("O"));
            case LogicalSchema { LogicalTypeName: "date" }:
                return (Instant.Date, Instant.Date.ToString("yyyy-MM-dd"));
            case EnumSchema symbols:
                // The last symbol, so that neither the default nor the first ordinal is taken for it.
                return (new GenericEnum(symbols, symbols.Symbols[^1]), symbols.Symbols[^1]);
            case UnionSchema union:
                return ValueOf(union.Schemas.First(branch => branch.Tag != Schema.Type.Null), seed, name);
            case { Tag: Schema.Type.Long }:
                // Beyond 32 bits, so that a narrowing is seen.
                var number = 0x1_0000_0000L + BitConverter.ToUInt32(hash);
                return (number, number);
            case { Tag: Schema.Type.Int }:
                return ((int)hash[0], (int)hash[0]);
            case { Tag: Schema.Type.Boolean }:
                return (true, true);
            case { Tag: Schema.Type.String }:
                return ($"sample {name}", $"sample {name}");
            default:
                throw new NotSupportedException($"{seed} is a {schema.Name}; teach {nameof(Sample)} to make one.");
        }
    }
}
