using Avro;

namespace Checkout.Chassis.WireFormat;

/// <summary>
/// How far a value reaches in Avro's binary encoding. Deserializers read what they need and do not say where they
/// stopped; bytes that are left tell that a record was not written with the schema it names.
/// </summary>
public static class AvroBody
{
    /// <summary>The bytes that a value of this schema takes; the body was read with it before.</summary>
    public static int Length(Schema schema, ReadOnlySpan<byte> body)
    {
        var at = 0;
        Skip(schema, body, ref at);
        return at;
    }

    private static void Skip(Schema schema, ReadOnlySpan<byte> body, ref int at)
    {
        switch (schema)
        {
            case RecordSchema record:
                foreach (var field in record.Fields) Skip(field.Schema, body, ref at);
                break;
            case LogicalSchema logical: Skip(logical.BaseSchema, body, ref at); break;
            case UnionSchema union: Skip(union[(int)Long(body, ref at)], body, ref at); break;
            case ArraySchema array: SkipBlocks(array.ItemSchema, isMap: false, body, ref at); break;
            case MapSchema map: SkipBlocks(map.ValueSchema, isMap: true, body, ref at); break;
            case FixedSchema @fixed: at += @fixed.Size; break;
            default: SkipPrimitive(schema.Tag, body, ref at); break;
        }
    }

    private static void SkipPrimitive(Schema.Type type, ReadOnlySpan<byte> body, ref int at)
    {
        switch (type)
        {
            case Schema.Type.Null: break;
            case Schema.Type.Boolean: at += 1; break;
            case Schema.Type.Float: at += sizeof(float); break;
            case Schema.Type.Double: at += sizeof(double); break;
            case Schema.Type.Int or Schema.Type.Long or Schema.Type.Enumeration: Long(body, ref at); break;
            case Schema.Type.Bytes or Schema.Type.String: SkipCounted(body, ref at); break;
            default: throw new AvroException($"the length of a value of type {type} is not known here");
        }
    }

    /// <summary>Blocks of items: their number, and where it is negative the block's bytes; 0 ends them.</summary>
    private static void SkipBlocks(Schema items, bool isMap, ReadOnlySpan<byte> body, ref int at)
    {
        for (var count = Long(body, ref at); count != 0; count = Long(body, ref at))
        {
            if (count < 0)
            {
                SkipCounted(body, ref at);
                continue;
            }
            for (; count > 0; count--)
            {
                if (isMap) SkipPrimitive(Schema.Type.String, body, ref at);
                Skip(items, body, ref at);
            }
        }
    }

    private static void SkipCounted(ReadOnlySpan<byte> body, ref int at)
    {
        var bytes = Long(body, ref at);
        at = checked((int)(at + bytes));
    }

    /// <summary>Seven bits a byte, the lowest first, and the sign in the lowest of all.</summary>
    private static long Long(ReadOnlySpan<byte> body, ref int at)
    {
        ulong bits = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = body[at++];
            bits |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return (long)(bits >> 1) ^ -(long)(bits & 1);
        }
    }
}
