using System.Buffers.Binary;

namespace Checkout.Chassis.WireFormat;

/// <summary>The Confluent wire format: 0x00, the registry's schema id (int32, big endian), the Avro body.</summary>
public static class ConfluentFrame
{
    public const int HeaderBytes = 5;

    /// <summary>Swaps the header of an event at rest for that of the wire; the body is the same bytes.</summary>
    public static byte[] FromSingleObject(ReadOnlySpan<byte> atRest, int schemaId) =>
        Frame(schemaId, atRest[SingleObject.HeaderBytes..]);

    public static byte[] Frame(int schemaId, ReadOnlySpan<byte> body)
    {
        var framed = new byte[HeaderBytes + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), schemaId);
        body.CopyTo(framed.AsSpan(HeaderBytes));
        return framed;
    }

    public static bool TryReadSchemaId(ReadOnlySpan<byte> framed, out int schemaId)
    {
        schemaId = framed.Length >= HeaderBytes ? BinaryPrimitives.ReadInt32BigEndian(framed[1..]) : 0;
        return framed.Length >= HeaderBytes && framed[0] == 0;
    }
}
