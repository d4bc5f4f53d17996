using Avro;
using Avro.Generic;
using Avro.IO;
using Checkout.Chassis.WireFormat;
using Xunit;

namespace Checkout.Chassis.Tests.WireFormat;

public sealed class AvroBodyTests
{
    private static readonly RecordSchema Everything = (RecordSchema)Schema.Parse(
        """
        {"type":"record","name":"Everything","fields":[
          {"name":"nothing","type":"null"},
          {"name":"flag","type":"boolean"},
          {"name":"small","type":"int"},
          {"name":"large","type":"long"},
          {"name":"single","type":"float"},
          {"name":"double","type":"double"},
          {"name":"bytes","type":"bytes"},
          {"name":"text","type":"string"},
          {"name":"fixed","type":{"type":"fixed","name":"F","size":3}},
          {"name":"symbol","type":{"type":"enum","name":"S","symbols":["A","B"]}},
          {"name":"list","type":{"type":"array","items":"string"}},
          {"name":"map","type":{"type":"map","values":"long"}},
          {"name":"perhaps","type":["null","string"]},
          {"name":"inner","type":{"type":"record","name":"Inner","fields":[
            {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}}]}}]}
        """);

    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(1, -1, "")]
    [InlineData(70, long.MinValue, "text")]
    [InlineData(200, long.MaxValue, "a longer text, which takes a length of more than one byte when it is repeated")]
    public void A_value_is_as_long_as_it_was_written(int count, long number, string? text)
    {
        var value = new GenericRecord(Everything);
        object?[] fields =
        [
            null, true, (int)(number >> 32), number, 1.5f, 2.5, new byte[count], text ?? "",
            new GenericFixed((FixedSchema)Everything["fixed"].Schema, [1, 2, 3]),
            new GenericEnum((EnumSchema)Everything["symbol"].Schema, "B"),
            Enumerable.Repeat(text ?? "x", count).ToArray(),
            Enumerable.Range(0, count).ToDictionary(i => $"{i}", object (i) => number - i), text, Inner(),
        ];
        for (var i = 0; i < fields.Length; i++) value.Add(i, fields[i]);
        using var body = new MemoryStream();
        new GenericDatumWriter<GenericRecord>(Everything).Write(value, new BinaryEncoder(body));
        Assert.Equal(body.Length, AvroBody.Length(Everything, [.. body.ToArray(), 1, 2, 3]));
    }

    [Fact]
    public void A_block_that_says_its_bytes_is_skipped_by_them() =>
        // Block of -2 items in 4 bytes, then none.
        Assert.Equal(7, AvroBody.Length(Schema.Parse("""{"type":"array","items":"string"}"""),
            [0x03, 0x08, 0x02, (byte)'a', 0x02, (byte)'b', 0x00]));

    private static GenericRecord Inner()
    {
        var inner = new GenericRecord((RecordSchema)Everything["inner"].Schema);
        inner.Add("at", DateTime.UnixEpoch);
        return inner;
    }
}
