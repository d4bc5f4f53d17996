using System.Text;
using Avro;
using Avro.Specific;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;
using Confluent.SchemaRegistry;
using Confluent.SchemaRegistry.Serdes;
using Xunit;

namespace Checkout.Chassis.Tests.Inbox;

/// <summary>What others write with Confluent's serializer, and what LogTailer writes, read from the wire.</summary>
public sealed class DecoderTests(Stage stage)
{
    private readonly string _topic = $"decoder-{Guid.NewGuid():N}";

    [Theory]
    [InlineData(SchemaIdSerializerStrategy.Prefix)]
    [InlineData(SchemaIdSerializerStrategy.Header)]
    public async Task What_Confluents_serializer_writes_is_read_wherever_it_puts_the_schemas_id(
        SchemaIdSerializerStrategy place)
    {
        var tipped = new Tipped { EventId = Guid.CreateVersion7(), Name = "anna", Number = 5, Reference = "r" };
        var message = await SerializedAsync(tipped, place);
        Assert.Equal(place == SchemaIdSerializerStrategy.Header,
            message.Headers.TryGetLastBytes(EventHeaders.ValueSchemaId, out _));
        var read = Assert.IsType<Tipped>((await DecodeAsync(message)).Event);
        Assert.Equal((tipped.EventId, "anna", 5, "r"), (read.EventId, read.Name, read.Number, read.Reference));
    }

    [Fact]
    public async Task The_header_with_the_schemas_id_outlives_parking()
    {
        var message = await SerializedAsync(new Tipped { Name = "anna", Number = 5, Reference = "r" },
            SchemaIdSerializerStrategy.Header);
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var record = Incoming.From(Consumed(message, world.Facts));
        await instance.Pass.RunAsync([record], new(ParkAs: "for the test"), CancellationToken.None);
        Assert.Equal("for the test", Assert.Single(await world.ParkedAsync()).Reason);
        var said = new StringWriter();
        Assert.Equal(0, await instance.Parked.RedriveAsync(world.Facts, record.Key, new("me", "why"), said,
            CancellationToken.None));
        Assert.Equal(["anna"], (await world.TotalsAsync()).Keys);
    }

    [Fact]
    public async Task An_event_of_an_older_schema_gets_the_defaults_of_what_came_later()
    {
        var written = new FirstAsked { EventId = Guid.CreateVersion7(), Name = "anna" };
        written.Put(3, 5L);
        var message = await SerializedAsync(written, SchemaIdSerializerStrategy.Prefix);
        Chain(message, typeof(Asked).FullName!);
        var read = Assert.IsType<Asked>((await DecodeAsync(message, isChain: true)).Event);
        Assert.Equal((written.EventId, "anna", 5, "none"), (read.EventId, read.Name, read.Number, read.Note));
    }

    [Theory]
    [InlineData(SchemaIdSerializerStrategy.Prefix)]
    [InlineData(SchemaIdSerializerStrategy.Header)]
    public async Task Bytes_left_after_the_record_are_a_fault_and_missing_ones_too(SchemaIdSerializerStrategy place)
    {
        var message = await SerializedAsync(new Tipped { Name = "anna", Number = 5, Reference = "r" }, place);
        var whole = message.Value!;
        message.Value = [.. whole, 0, 0, 0];
        Assert.Contains("3 bytes are left", (await DecodeAsync(message)).Fault, StringComparison.Ordinal);
        message.Value = whole[..^2];
        Assert.StartsWith("it can't be decoded with schema", (await DecodeAsync(message)).Fault,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("")]
    [InlineData("\0\0")]
    public async Task A_value_of_another_format_is_a_fault(string value)
    {
        var decoded = await DecodeAsync(new() { Value = Encoding.UTF8.GetBytes(value), Headers = [] });
        Assert.StartsWith("its value is not in the Confluent wire format", decoded.Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("05")]
    [InlineData("01ABCD")]
    public async Task A_header_that_names_no_schema_is_a_fault(string bytes)
    {
        var message = await SerializedAsync(new Tipped { Name = "anna", Number = 5, Reference = "r" },
            SchemaIdSerializerStrategy.Prefix);
        message.Headers.Add(EventHeaders.ValueSchemaId, Convert.FromHexString(bytes));
        Assert.StartsWith("its value is not in the Confluent wire format", (await DecodeAsync(message)).Fault,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_whose_headers_say_that_nothing_is_due_for_it_asks_no_registry()
    {
        using var registry = new SwitchedRegistry { IsDown = true };
        var message = await SerializedAsync(new Chatted { Name = "anna" }, SchemaIdSerializerStrategy.Prefix);
        Chain(message, typeof(Chatted).FullName!);
        Assert.False((await DecodeAsync(message, isChain: true, registry.NewClient(stage))).IsOurs);
        Assert.Equal(0, registry.Asked);
    }

    [Fact]
    public async Task A_chained_record_without_its_type_was_not_written_by_LogTailer()
    {
        var message = await SerializedAsync(new Asked { Name = "anna", Number = 5, Note = "n" },
            SchemaIdSerializerStrategy.Prefix);
        Chain(message, typeof(Asked).FullName!);
        message.Headers.Remove(EventHeaders.Type);
        var decoded = await DecodeAsync(message, isChain: true);
        Assert.Equal((true, false), (decoded.IsForeign, decoded.IsOurs));
    }

    [Fact]
    public async Task What_a_record_names_itself_is_held_against_its_schema_on_a_chained_topic_only()
    {
        var asked = await SerializedAsync(new Asked { Name = "anna", Number = 5, Note = "n" },
            SchemaIdSerializerStrategy.Prefix);
        Chain(asked, typeof(Confirmed).FullName!);
        var contradicted = await Assert.ThrowsAsync<SchemaContradictedException>(() =>
            DecodeAsync(asked, isChain: true));
        Assert.Contains("is a Checkout.Chassis.Tests.Domain.Confirmed, and the registry at", contradicted.Message,
            StringComparison.Ordinal);
        var tipped = await SerializedAsync(new Tipped { Name = "anna", Number = 5, Reference = "r" },
            SchemaIdSerializerStrategy.Prefix);
        Assert.IsType<Tipped>((await DecodeAsync(tipped)).Event);
    }

    private async Task<Decoded<TallyRows>> DecodeAsync(Message<byte[]?, byte[]?> message, bool isChain = false,
        Chassis.Registry.SchemaRegistry? registry = null)
    {
        var table = Tallies.Table("tally", "told", isChain ? _topic : "chain", isChain ? "facts" : _topic);
        return await new Decoder<TallyRows>(table, registry ?? stage.NewSchemaRegistry())
            .DecodeAsync(Incoming.From(Consumed(message, _topic)), TestContext.Current.CancellationToken);
    }

    private async Task<Message<byte[]?, byte[]?>> SerializedAsync<T>(T told, SchemaIdSerializerStrategy place)
        where T : ISpecificRecord
    {
        using var client = new CachedSchemaRegistryClient(new SchemaRegistryConfig { Url = stage.RegistryUrl });
        var headers = new Headers();
        var value = await new AvroSerializer<T>(client, new AvroSerializerConfig
        {
            SubjectNameStrategy = SubjectNameStrategy.TopicRecord,
            SchemaIdStrategy = place,
        }).SerializeAsync(told, new(MessageComponentType.Value, _topic, headers));
        return new() { Key = "key"u8.ToArray(), Value = value, Headers = headers };
    }

    private static void Chain(Message<byte[]?, byte[]?> message, string type)
    {
        message.Headers.Add(EventHeaders.Type, Encoding.UTF8.GetBytes(type));
        message.Headers.Add(EventHeaders.Sequence, "1"u8.ToArray());
        message.Headers.Add(EventHeaders.Previous, "0"u8.ToArray());
    }

    private static ConsumeResult<byte[]?, byte[]?> Consumed(Message<byte[]?, byte[]?> message, string topic) =>
        new() { Topic = topic, Partition = 0, Offset = 0, Message = message };
}
