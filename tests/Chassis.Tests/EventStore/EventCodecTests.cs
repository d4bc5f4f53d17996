using Avro;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Chassis.WireFormat;
using CsCheck;
using Xunit;

namespace Checkout.Chassis.Tests.EventStore;

public sealed class EventCodecTests
{
    [Fact]
    public void What_is_encoded_is_decoded_to_the_same() =>
        Gen.Select(Gen.Guid, Gen.DateTime, Gen.String, Gen.Long).Sample((id, time, name, number) =>
        {
            // Avro texts are UTF-8: half a surrogate pair has no bytes there.
            name = new string(name.Where(c => !char.IsSurrogate(c)).ToArray());
            var told = new Asked
            {
                EventId = id,
                OccurredAt = EventTime.Of(time),
                Name = name,
                Number = number,
                Note = name
            };
            var read = (Asked)EventCodec.Decode(BodyOf(told), Asked.Written, typeof(Asked));
            Assert.Equal((id, told.OccurredAt, name, number, name),
                (read.EventId, read.OccurredAt, read.Name, read.Number, read.Note));
        });

    [Fact]
    public void An_event_of_an_older_schema_gets_the_defaults_of_what_came_later()
    {
        var written = new FirstAsked
        {
            EventId = Guid.CreateVersion7(),
            OccurredAt = EventTime.Of(DateTime.UtcNow),
            Name = "anna"
        };
        written.Put(3, 5L);
        var read = (Asked)EventCodec.Decode(BodyOf(written), Asked.FirstVersion, typeof(Asked));
        Assert.Equal((written.EventId, "anna", 5, "none"), (read.EventId, read.Name, read.Number, read.Note));
    }

    [Fact]
    public void Bytes_left_after_the_record_are_a_fault()
    {
        var body = BodyOf(new Asked { Name = "anna", Number = 5, Note = "n", OccurredAt = DateTime.UnixEpoch });
        var fault = Assert.ThrowsAny<AvroException>(() =>
            EventCodec.Decode((byte[])[.. body.Span, 0, 0, 0], Asked.Written, typeof(Asked)));
        Assert.Contains("3 bytes are left", fault.Message, StringComparison.Ordinal);
        Assert.ThrowsAny<AvroException>(() => EventCodec.Decode(body[..^3], Asked.Written, typeof(Asked)));
    }

    [Fact]
    public void The_fingerprint_is_the_specifications_and_stands_little_endian_at_rest()
    {
        // The CRC-64-AVRO of {"name":"R","type":"record","fields":[]} by an independent computation, below.
        const string canonical = """{"name":"R","type":"record","fields":[]}""";
        var expected = BitConverter.GetBytes(Crc64Avro(System.Text.Encoding.UTF8.GetBytes(canonical)));
        Assert.Equal(expected, EventCodec.Fingerprint((RecordSchema)Schema.Parse(canonical)));
        var atRest = EventCodec.Encode(new Answered { Name = "anna", OccurredAt = DateTime.UnixEpoch });
        Assert.Equal([0xC3, 0x01, .. EventCodec.Fingerprint((RecordSchema)Answered.Written)],
            atRest[..SingleObject.HeaderBytes]);
    }

    /// <summary>The algorithm of the Avro specification's appendix; of "null" it is 0x63dd24e7cc258f8a.</summary>
    private static ulong Crc64Avro(byte[] bytes)
    {
        const ulong empty = 0xc15d213aa4d7a795;
        var table = Enumerable.Range(0, 256).Select(i =>
        {
            var entry = (ulong)i;
            for (var bit = 0; bit < 8; bit++) entry = (entry >> 1) ^ (empty & (ulong)-(long)(entry & 1));
            return entry;
        }).ToArray();
        return bytes.Aggregate(empty, (crc, b) => (crc >> 8) ^ table[(int)(crc ^ b) & 0xff]);
    }

    private static ReadOnlyMemory<byte> BodyOf(TestEvent told) =>
        EventCodec.Encode(told).AsMemory(SingleObject.HeaderBytes);
}
