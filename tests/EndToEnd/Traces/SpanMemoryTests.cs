using Checkout.Local.Traces;
using CsCheck;
using Xunit;
using Kept = Checkout.Local.Traces.Span;

namespace Checkout.EndToEnd.Traces;

/// <summary>Where there is no Jaeger: what is kept of spans, and what is taken for them.</summary>
public sealed class SpanMemoryTests
{
    [Fact]
    public void The_trace_that_began_first_goes_first_and_as_a_whole()
    {
        var memory = new SpanMemory(most: 10);
        for (var i = 0; i < 12; i++) memory.Add([($"trace-{i % 4}", Span($"{i}"))]);
        Assert.Equal([0, 3, 3, 3], Enumerable.Range(0, 4).Select(i => memory.Of($"trace-{i}").Count));
        Assert.Equal(9, memory.Count);
        Assert.Empty(memory.Of("another"));
    }

    [Fact]
    public void However_many_come_no_more_are_kept_than_there_is_room_for() =>
        Gen.Select(Gen.Int[0, 20], Gen.Int[1, 5]).Array[0, 60].Sample(batches =>
        {
            var memory = new SpanMemory(most: 30);
            foreach (var (trace, count) in batches)
            {
                memory.Add(Enumerable.Range(0, count).Select(i => ($"{trace}", Span($"{i}"))));
                Assert.InRange(memory.Count, 0, 30);
                Assert.Equal(memory.Count, Enumerable.Range(0, 21).Sum(i => memory.Of($"{i}").Count));
            }
        }, iter: 200);

    /// <summary>An ExportTraceServiceRequest by hand: one resource, one span with a parent and an attribute.</summary>
    [Fact]
    public void A_request_of_OTLP_is_read()
    {
        byte[] attribute = [.. Field(1, "checkout.id"u8), .. Field(2, Field(1, "c-1"u8))];
        byte[] span =
        [
            .. Field(1, Id(16)), .. Field(2, Id(8)), .. Field(4, Id(8)), .. Field(5, "send store.checkouts"u8),
            .. Fixed(7, 1_000_000_000), .. Fixed(8, 1_002_500_000), .. Field(9, attribute),
        ];
        byte[] resource = Field(1, [.. Field(1, "service.name"u8), .. Field(2, Field(1, "logtailer"u8))]);
        var (trace, read) = Assert.Single(OtlpSpans.Read(Field(1,
            [.. Field(1, resource), .. Field(2, Field(2, span))])));
        Assert.Equal("000102030405060708090a0b0c0d0e0f", trace);
        Assert.Equal(("0001020304050607", "0001020304050607", "logtailer", "send store.checkouts", "c-1"),
            (read.Id, read.Parent, read.Service, read.Name, read.Tag("checkout.id")));
        Assert.Equal((DateTime.UnixEpoch.AddSeconds(1), 2.5), (read.Start, read.Duration.TotalMilliseconds));
    }

    [Fact]
    public void Whatever_else_comes_is_refused_and_nothing_worse() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        try
        {
            OtlpSpans.Read(bytes);
        }
        catch (InvalidDataException)
        {
            // As it should be.
        }
    }, iter: 20_000);

    private static byte[] Field(int number, ReadOnlySpan<byte> bytes) =>
        [(byte)((number << 3) | 2), .. Length(bytes.Length), .. bytes];

    private static byte[] Length(int length) =>
        length < 0x80 ? [(byte)length] : [(byte)(length | 0x80), (byte)(length >> 7)];

    private static byte[] Fixed(int number, ulong value) =>
        [(byte)((number << 3) | 1), .. BitConverter.GetBytes(value)];

    private static byte[] Id(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)i)];

    private static Kept Span(string id) =>
        new(id, null, "s", "n", DateTime.UnixEpoch, TimeSpan.Zero, new Dictionary<string, string>());
}
