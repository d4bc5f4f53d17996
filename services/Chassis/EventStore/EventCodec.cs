using System.Collections.Concurrent;
using Avro;
using Avro.IO;
using Avro.Specific;
using Checkout.Chassis.WireFormat;

namespace Checkout.Chassis.EventStore;

/// <summary>
/// Avro bodies to generated types and back. Readers and writers are resolved once per schema and safe for any number of
/// threads.
/// </summary>
public static class EventCodec
{
    private static readonly ConcurrentDictionary<Type, IWriter> Writers = new();
    private static readonly ConcurrentDictionary<(Schema Written, Type Type), IReader> Readers =
        new(SchemaAndType.Instance);

    public static byte[] Fingerprint(RecordSchema schema) =>
        SchemaNormalization.ParsingFingerprint("CRC-64-AVRO", schema);

    /// <summary>Single-object encoding, as an event is kept at rest.</summary>
    public static byte[] Encode(ISpecificRecord record) => Writers.GetOrAdd(record.GetType(), static (type, record) =>
        (IWriter)Activator.CreateInstance(typeof(Writer<>).MakeGenericType(type), (RecordSchema)record.Schema)!, record)
            .Write(record);

    /// <exception cref="AvroException">The body does not fit the schema it was said to be written with.</exception>
    public static ISpecificRecord Decode(ReadOnlyMemory<byte> body, Schema written, Type type) =>
        Readers.GetOrAdd((written, type), static key =>
        (IReader)Activator.CreateInstance(typeof(Reader<>).MakeGenericType(key.Type), key.Written)!).Read(body);

    private interface IWriter
    {
        byte[] Write(ISpecificRecord record);
    }

    private interface IReader
    {
        ISpecificRecord Read(ReadOnlyMemory<byte> body);
    }

    private sealed class Writer<T>(RecordSchema schema) : IWriter where T : ISpecificRecord
    {
        private readonly SpecificDatumWriter<T> _writer = new(schema);
        private readonly byte[] _fingerprint = Fingerprint(schema);

        public byte[] Write(ISpecificRecord record)
        {
            using var body = new MemoryStream(256);
            _writer.Write((T)record, new BinaryEncoder(body));
            return SingleObject.Frame(_fingerprint, body.GetBuffer().AsSpan(0, (int)body.Length));
        }
    }

    private sealed class Reader<T>(Schema written) : IReader where T : ISpecificRecord, new()
    {
        private readonly SpecificDatumReader<T> _reader = new(written, new T().Schema);

        public ISpecificRecord Read(ReadOnlyMemory<byte> body)
        {
            using var stream = new MemoryStream(body.ToArray(), writable: false);
            var record = _reader.Read(new T(), new BinaryDecoder(stream));
            if (stream.Position != stream.Length)
                throw new AvroException($"{stream.Length - stream.Position} bytes are left after the record: it was "
                    + "not written with this schema.");
            return record;
        }
    }

    /// <summary>
    /// Schemas are cached by reference: whoever reads has one object for each, and comparing them whole costs more than
    /// reading.
    /// </summary>
    private sealed class SchemaAndType : IEqualityComparer<(Schema Written, Type Type)>
    {
        public static readonly SchemaAndType Instance = new();
        public bool Equals((Schema Written, Type Type) x, (Schema Written, Type Type) y) =>
            ReferenceEquals(x.Written, y.Written) && x.Type == y.Type;
        public int GetHashCode((Schema Written, Type Type) key) =>
            HashCode.Combine(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(key.Written), key.Type);
    }
}
