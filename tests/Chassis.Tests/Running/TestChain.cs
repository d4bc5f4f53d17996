using System.Globalization;
using System.Text;
using Avro;
using Avro.Specific;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;

namespace Checkout.Chassis.Tests.Running;

/// <summary>A record as LogTailer would write it.</summary>
public sealed record ChainRecord(int Partition, long Position, long Previous, string Key, byte[]? Value,
    Dictionary<string, string> Headers)
{
    public Guid EventId => Guid.Parse(Headers[EventHeaders.Id]);
}

/// <summary>
/// The topic of another service, numbered as its store and LogTailer would. A record that is numbered and not sent is a
/// missing one.
/// </summary>
public sealed class TestChain(Stage stage, string topic, int partitions)
{
    private readonly long[] _last = new long[partitions];
    private long _position;

    public string Topic => topic;

    public int PartitionOf(string key) => Murmur2.Hash(key) % partitions;

    /// <param name="frame">The registry whose ids it is framed with; by default the stage's.</param>
    public async Task<ChainRecord> NumberAsync(TestEvent told, string? key = null, SchemaRegistry? frame = null)
    {
        if (told.EventId == Guid.Empty) told.EventId = Guid.CreateVersion7();
        told.OccurredAt = EventTime.Of(DateTime.UtcNow);
        key ??= told.Name;
        var partition = PartitionOf(key);
        var (position, previous) = (++_position, _last[partition]);
        _last[partition] = position;
        return new(partition, position, previous, key, await FrameAsync(told, frame), new()
        {
            [EventHeaders.SpecVersion] = "1.0",
            [EventHeaders.Id] = told.EventId.ToString(),
            [EventHeaders.Type] = ((RecordSchema)told.Schema).Fullname,
            [EventHeaders.Source] = "/test/0",
            [EventHeaders.Time] = told.OccurredAt.ToString("O", CultureInfo.InvariantCulture),
            [EventHeaders.Sequence] = position.ToString(CultureInfo.InvariantCulture),
            [EventHeaders.Previous] = previous.ToString(CultureInfo.InvariantCulture),
        });
    }

    public async Task<ChainRecord> TellAsync(TestEvent told, string? key = null)
    {
        var record = await NumberAsync(told, key);
        await SendAsync(record);
        return record;
    }

    /// <summary>In order; returns when the broker has them.</summary>
    public Task SendAsync(params IEnumerable<ChainRecord> records) => SendAsync(topic, records);

    public Task SendAsync(string to, params IEnumerable<ChainRecord> records) => SendAsync(stage.Producer, to, records);

    public static Task SendAsync(IProducer<byte[]?, byte[]?> producer, string to,
        params IEnumerable<ChainRecord> records) =>
        Task.WhenAll(records.Select(r => producer.ProduceAsync(new TopicPartition(to, r.Partition), MessageOf(r))));

    /// <summary>Registers the event's schema, and frames it for the wire.</summary>
    public async Task<byte[]> FrameAsync(TestEvent told, SchemaRegistry? registry = null)
    {
        var id = await (registry ?? stage.Registry).IdOfAsync(SubjectOf(topic, told), told.Schema.ToString(),
            CancellationToken.None);
        return ConfluentFrame.FromSingleObject(EventCodec.Encode(told), id);
    }

    public static string SubjectOf(string topic, ISpecificRecord told) => $"{topic}-{told.GetType().Name}";

    /// <summary>As a consumer hands it to the reactor, without a broker between.</summary>
    public Incoming Received(ChainRecord record) => Incoming.From(new()
    {
        Topic = topic,
        Partition = record.Partition,
        Offset = record.Position + 1_000,
        Message = MessageOf(record),
    });

    private static Message<byte[]?, byte[]?> MessageOf(ChainRecord record)
    {
        var headers = new Headers();
        foreach (var (name, value) in record.Headers) headers.Add(name, Encoding.UTF8.GetBytes(value));
        return new() { Key = Encoding.UTF8.GetBytes(record.Key), Value = record.Value, Headers = headers };
    }
}
