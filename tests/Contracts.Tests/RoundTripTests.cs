using avatarstore;
using avatarstore.game;
using avatarstore.store;
using Avro;
using Avro.Generic;
using Avro.IO;
using Avro.Specific;
using CsCheck;

namespace Checkout.Contracts.Tests;

/// <summary>What is written with a generated type is what is read with it.</summary>
public sealed class RoundTripTests
{
    private const long MicrosecondsToTheYear10000 = 253_402_300_800_000_000;

    // Unpaired surrogates are left out: they are no text, and UTF-8 has no bytes for them.
    private static readonly Gen<string> Text = Gen.String[Gen.Char['\u0000', '\uD7FF'], 0, 50];

    public static IEnumerable<TheoryDataRow<string>> Names => ContractFiles.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_event_comes_back_as_it_was_written(string name)
    {
        var fields = ((RecordSchema)Generated.New(name).Schema).Fields;
        var values = fields.Select(field => ValueOf(field.Schema)).Aggregate(
            Gen.Const(Array.Empty<object>()),
            (all, next) => all.Select(next, (before, value) => (object[])[.. before, value]));
        values.Sample(
            wanted =>
            {
                var written = Generated.New(name);
                foreach (var field in fields)
                    written.Put(field.Pos, wanted[field.Pos]);
                var read = ThroughBytes(written);
                foreach (var field in fields)
                    Assert.Equal(wanted[field.Pos], read.Get(field.Pos));
            },
            iter: 200);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_generated_type_carries_its_whole_schema(string name) =>
        Assert.True(ContractFiles.SameJson(ContractFiles.Current[name], Generated.New(name).Schema.ToString()));

    [Fact]
    public void A_time_comes_back_in_UTC_to_the_microsecond()
    {
        var at = new DateTime(2026, 1, 2, 3, 4, 5, 678, 901, DateTimeKind.Utc);
        var read = (CheckoutCreated)ThroughBytes(Created(at));
        Assert.Equal(at, read.OccurredAt);
        Assert.Equal(DateTimeKind.Utc, read.OccurredAt.Kind);
    }

    [Fact]
    public void What_is_finer_than_a_microsecond_is_cut_off()
    {
        var at = new DateTime(2026, 1, 2, 3, 4, 5, 678, 901, DateTimeKind.Utc);
        Assert.Equal(at, ((CheckoutCreated)ThroughBytes(Created(at.AddTicks(9)))).OccurredAt);
    }

    [Fact]
    public void A_day_comes_back_as_that_day_at_midnight_UTC()
    {
        var written = new DailyRewardClaimed
        {
            CustomerId = "c",
            Day = new DateTime(2026, 3, 29, 23, 59, 59, DateTimeKind.Utc)
        };
        var read = (DailyRewardClaimed)ThroughBytes(written);
        Assert.Equal(new DateTime(2026, 3, 29, 0, 0, 0, DateTimeKind.Utc), read.Day);
        Assert.Equal(DateTimeKind.Utc, read.Day.Kind);
    }

    [Fact]
    public void A_refusal_that_was_given_no_reason_says_unknown() =>
        Assert.Equal(Reason.UNKNOWN, new CheckoutFailed().Reason);

    [Fact]
    public void A_reason_of_a_later_version_is_read_as_unknown()
    {
        var first = ContractFiles.Released["avatarstore.store.CheckoutFailed"].First().Text;
        var later =
            (RecordSchema)Schema.Parse(
                first.Replace("\"EXPIRED\"", "\"EXPIRED\", \"INVENTED_LATER\"", StringComparison.Ordinal));
        var record = new GenericRecord(later);
        record.Add("eventId", Guid.Empty);
        record.Add("occurredAt", DateTime.UnixEpoch);
        record.Add("checkoutId", Guid.Empty);
        record.Add("customerId", "customer");
        record.Add("sku", "gorilla");
        record.Add("refundDue", true);
        record.Add("reason", new GenericEnum((EnumSchema)later["reason"].Schema, "INVENTED_LATER"));
        using var bytes = new MemoryStream();
        new GenericDatumWriter<GenericRecord>(later).Write(record, new BinaryEncoder(bytes));
        bytes.Position = 0;

        var read = new SpecificDatumReader<CheckoutFailed>(later, CheckoutFailed._SCHEMA)
            .Read(null!, new BinaryDecoder(bytes));
        Assert.Equal((Reason.UNKNOWN, true), (read.Reason, read.RefundDue));
    }

    private static CheckoutCreated Created(DateTime at) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = at,
        CheckoutId = Guid.NewGuid(),
        CustomerId = "customer",
        Sku = "gorilla",
        PriceCoins = 500,
        ExpiresAt = at.AddMinutes(1),
    };

    private static ISpecificRecord ThroughBytes(ISpecificRecord written)
    {
        using var bytes = new MemoryStream();
        new SpecificDatumWriter<ISpecificRecord>(written.Schema).Write(written, new BinaryEncoder(bytes));
        bytes.Position = 0;
        return new SpecificDatumReader<ISpecificRecord>(written.Schema, written.Schema)
            .Read(null!, new BinaryDecoder(bytes));
    }

    private static Gen<object> ValueOf(Schema schema) => schema switch
    {
        LogicalSchema { LogicalTypeName: "uuid" } => Gen.Guid.Select(id => (object)id),
        LogicalSchema { LogicalTypeName: "timestamp-micros" } => Gen.Long[0, MicrosecondsToTheYear10000 - 1]
            .Select(micros => (object)DateTime.UnixEpoch.AddTicks(micros * 10)),
        LogicalSchema { LogicalTypeName: "date" } =>
            Gen.Int[0, 1_000_000].Select(days => (object)DateTime.UnixEpoch.AddDays(days)),
        EnumSchema symbols =>
            Gen.Int[0, symbols.Symbols.Count - 1].Select(ordinal => Generated.Symbol(symbols, ordinal)),
        UnionSchema { Count: 2 } optional when optional[0].Tag == Schema.Type.Null => ValueOf(optional[1]),
        { Tag: Schema.Type.Int } => Gen.Int.Select(number => (object)number),
        { Tag: Schema.Type.Long } => Gen.Long.Select(number => (object)number),
        { Tag: Schema.Type.Boolean } => Gen.Bool.Select(flag => (object)flag),
        { Tag: Schema.Type.String } => Text.Select(text => (object)text),
        _ => throw new NotSupportedException($"{schema.Name} is new in the contracts; teach the test to make one."),
    };
}
