using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Checkout.Chassis.EventStore;

/// <summary>
/// Ids that follow from their cause: the first 48 bits of the causing event's id (its time) and a hash of that id, the
/// reaction's permanent name and an ordinal. A retry makes the same id again, and the unique index on it forbids a
/// second answer. UUID version 8 (RFC 9562).
/// </summary>
public static class EventIds
{
    private const int TimeBytes = 6;

    public static Guid Following(Guid cause, string reaction, int ordinal)
    {
        Span<byte> causeBytes = stackalloc byte[16];
        cause.TryWriteBytes(causeBytes, bigEndian: true, out _);
        var id = Hashed(causeBytes, reaction, ordinal);
        causeBytes[..TimeBytes].CopyTo(id);
        return new Guid(id, bigEndian: true);
    }

    /// <summary>
    /// The id of a fact known only by its business key: the same whenever and however often the fact is sent.
    /// </summary>
    public static Guid OfBusinessKey(string kind, string key) =>
        new(Hashed(Encoding.UTF8.GetBytes(key), kind, 0), bigEndian: true);

    private static byte[] Hashed(ReadOnlySpan<byte> cause, string name, int ordinal)
    {
        const int prefix = 2 * sizeof(int);
        var nameBytes = Encoding.UTF8.GetByteCount(name);
        var input = new byte[prefix + nameBytes + cause.Length];
        BinaryPrimitives.WriteInt32BigEndian(input, ordinal);
        // The length keeps ("a", "bc") and ("ab", "c") apart.
        BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(sizeof(int)), nameBytes);
        Encoding.UTF8.GetBytes(name, input.AsSpan(prefix));
        cause.CopyTo(input.AsSpan(prefix + nameBytes));
        var id = SHA256.HashData(input)[..16];
        id[6] = (byte)((id[6] & 0x0F) | 0x80);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return id;
    }
}
