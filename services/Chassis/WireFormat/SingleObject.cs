using System.Buffers.Binary;

namespace Checkout.Chassis.WireFormat;

/// <summary>
/// Avro single-object encoding: 0xC3 0x01, the schema's CRC-64-AVRO fingerprint (8 bytes, little endian), the body.
/// Source: Avro 1.12 specification.
/// </summary>
public static class SingleObject
{
    public const int HeaderBytes = 10;

    public static byte[] Frame(ReadOnlySpan<byte> fingerprint, ReadOnlySpan<byte> body)
    {
        var framed = new byte[HeaderBytes + body.Length];
        framed[0] = 0xC3;
        framed[1] = 0x01;
        fingerprint.CopyTo(framed.AsSpan(2));
        body.CopyTo(framed.AsSpan(HeaderBytes));
        return framed;
    }

    /// <summary>
    /// The fingerprint as a number, for use as a key; false where the bytes are not in single-object encoding.
    /// </summary>
    public static bool TryReadFingerprint(ReadOnlySpan<byte> framed, out long fingerprint)
    {
        fingerprint = framed.Length >= HeaderBytes ? BinaryPrimitives.ReadInt64LittleEndian(framed[2..]) : 0;
        return framed.Length >= HeaderBytes && framed[0] == 0xC3 && framed[1] == 0x01;
    }
}
