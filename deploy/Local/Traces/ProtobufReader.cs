using System.Buffers.Binary;

namespace Checkout.Local.Traces;

/// <summary>
/// The fields of a protobuf message, one after the other (protobuf.dev, "Encoding"): as much of it as OTLP needs.
/// </summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private const int VarintType = 0, Fixed64Type = 1, BytesType = 2, Fixed32Type = 5;
    private const int MostVarintBytes = 10;

    private ReadOnlySpan<byte> _left = message;
    private int _type;

    /// <summary>The number of the field that is read next.</summary>
    public int Field { get; private set; }

    /// <summary>False at the end. What was not read of a field is skipped with <see cref="Skip"/>.</summary>
    public bool Next()
    {
        if (_left.IsEmpty) return false;
        var key = Varint();
        (Field, _type) = ((int)(key >> 3), (int)(key & 7));
        return true;
    }

    /// <exception cref="InvalidDataException">It is no such message.</exception>
    public ReadOnlySpan<byte> Bytes()
    {
        if (_type != BytesType) throw Malformed();
        var length = Varint();
        return length <= (ulong)_left.Length ? Taken((int)length) : throw Malformed();
    }

    /// <inheritdoc cref="Bytes"/>
    public ulong Fixed64() => _type == Fixed64Type ? BinaryPrimitives.ReadUInt64LittleEndian(Taken(sizeof(ulong)))
        : throw Malformed();

    /// <inheritdoc cref="Bytes"/>
    public ulong Number() => _type == VarintType ? Varint() : throw Malformed();

    /// <inheritdoc cref="Bytes"/>
    public void Skip()
    {
        switch (_type)
        {
            case VarintType:
                Varint();
                break;
            case Fixed64Type:
                Taken(sizeof(ulong));
                break;
            case BytesType:
                Bytes();
                break;
            case Fixed32Type:
                Taken(sizeof(uint));
                break;
            default:
                throw Malformed();
        }
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var i = 0; i < MostVarintBytes; i++)
        {
            var next = Taken(1)[0];
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80) return value;
        }
        throw Malformed();
    }

    private ReadOnlySpan<byte> Taken(int count)
    {
        if (count > _left.Length) throw Malformed();
        var taken = _left[..count];
        _left = _left[count..];
        return taken;
    }

    private static InvalidDataException Malformed() => new("It is no message in protobuf's encoding.");
}
