using System.Buffers.Binary;
using System.Text;

namespace Checkout.Chassis.WireFormat;

/// <summary>
/// The hash of Kafka's Java partitioner (librdkafka: murmur2_random), made non-negative as Kafka does: partition = hash
/// modulo count.
/// </summary>
public static class Murmur2
{
    public static int Hash(string key) => Hash(Encoding.UTF8.GetBytes(key));

    public static int Hash(ReadOnlySpan<byte> key)
    {
        const uint m = 0x5bd1e995;
        var h = 0x9747b28c ^ (uint)key.Length;
        for (; key.Length >= 4; key = key[4..])
        {
            var k = BinaryPrimitives.ReadUInt32LittleEndian(key) * m;
            h = (h * m) ^ ((k ^ (k >> 24)) * m);
        }
        if (key.Length > 2) h ^= (uint)key[2] << 16;
        if (key.Length > 1) h ^= (uint)key[1] << 8;
        if (key.Length > 0) h = (h ^ key[0]) * m;
        h = (h ^ (h >> 13)) * m;
        return (int)((h ^ (h >> 15)) & 0x7fffffff);
    }
}
