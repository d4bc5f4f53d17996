using System.Collections.Concurrent;
using System.Text;
using avatarstore.game;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;
using Checkout.Contracts;
using Confluent.Kafka;

namespace Checkout.Faults;

/// <summary>
/// Somebody who has the right to write to our topics and should not have it: what they write is no event of a store,
/// and no fact that the game could mean. It may be parked, and must hold up nobody.
/// </summary>
internal sealed class ForeignProducer : IDisposable
{
    /// <summary>Far above what an index takes, and any id is long.</summary>
    private const int LongId = 5_000;

    /// <summary>Just below what the client and the brokers take as they come.</summary>
    private const int LargestBytes = 990_000;

    private readonly FaultySystem _system;
    private readonly SchemaRegistry _registry;
    private readonly IProducer<byte[]?, byte[]?> _producer;
    private readonly ConcurrentDictionary<(string Topic, int Partition, long Offset), bool> _written = new();

    public ForeignProducer(FaultySystem system)
    {
        _system = system;
        _registry = new(new() { Url = system.Registry.Behind });
        _producer = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig
        {
            BootstrapServers = system.Local.Broker.Bootstrap,
            LingerMs = 0,
            Partitioner = Confluent.Kafka.Partitioner.Murmur2Random,
            TopicMetadataRefreshIntervalMs = 1_000,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }

    public bool Wrote(string topic) => _written.Keys.Any(record => record.Topic == topic);

    public bool Wrote(string topic, int partition, long offset) => _written.ContainsKey((topic, partition, offset));

    public async Task WriteAsync(Plan plan, string topic, bool oversized, CancellationToken stop)
    {
        var records = (topic == Topics.GameRewards, oversized) switch
        {
            (true, false) => await FactsAsync(plan, stop),
            (true, true) => await OversizedFactsAsync(plan, stop),
            (false, false) => Records(plan),
            (false, true) => OversizedRecords(plan),
        };
        foreach (var record in records)
        {
            var written = await _producer.ProduceAsync(topic, record, stop);
            _written[(topic, written.Partition.Value, written.Offset.Value)] = true;
        }
        _system.Say($"campaign: somebody else wrote {records.Count} records to {topic}");
    }

    public void Dispose() => _producer.Dispose();

    /// <summary>None has both chain headers; some claim the key of a customer who is buying.</summary>
    private static List<Message<byte[]?, byte[]?>> Records(Plan plan) =>
    [
        Record(null, Garbage(40)),
        Record(null, null),
        Record("", Garbage(0)),
        Record(Load.Customer(plan, 1), Garbage(40)),
        Record(Load.Customer(plan, 2), null),
        Record(Load.Customer(plan, 3), Garbage(40), (EventHeaders.Type, "avatarstore.store.CheckoutCreated"),
            (EventHeaders.Sequence, "one"), (EventHeaders.Previous, "none")),
        Record(Load.Customer(plan, 4), Garbage(40), (EventHeaders.Type, "avatarstore.balance.BalanceDeducted"),
            (EventHeaders.Id, Guid.NewGuid().ToString()), (EventHeaders.Sequence, "7")),
        Record(Long(LongId), [0, 0, 0xF, 0xFF, 0xFF, .. Garbage(40)]),
        Record("with\0nul", Garbage(40), ("\u0001", "\0")),
    ];

    private static List<Message<byte[]?, byte[]?>> OversizedRecords(Plan plan) =>
    [
        Record(Load.Customer(plan, 1), Garbage(LargestBytes)),
        Record(null, Garbage(10), ("large", Long(LargestBytes / 2))),
    ];

    private async Task<List<Message<byte[]?, byte[]?>>> FactsAsync(Plan plan, CancellationToken stop) =>
    [
        Record(null, Garbage(40)),
        Record(null, null),
        Record(null, Garbage(40)),
        Record(Long(LongId), Garbage(40)),
        Record("with\0nul", Garbage(40)),
        Record("foreign-1", Garbage(40), (EventHeaders.Type, "com.studio.reward.v1")),
        Record("foreign-2", [0, 0, 0xF, 0xFF, 0xFF, .. Garbage(40)]),
        Record("foreign-3", await FactAsync(Long(LongId), "a", stop)),
        Record("foreign-4", await FactAsync($"foreign-{plan.Seed}-{plan.Round}", Long(LongId), stop)),
        Record("foreign-5", await FactAsync("", "a", stop)),
        Record("foreign-6", await FactAsync("a b\0c", "a", stop)),
    ];

    private async Task<List<Message<byte[]?, byte[]?>>> OversizedFactsAsync(Plan plan, CancellationToken stop) =>
    [
        Record($"foreign-{plan.Round}-1", Garbage(LargestBytes)),
        Record($"foreign-{plan.Round}-2", await FactAsync(Long(LargestBytes), "a", stop)),
    ];

    private Task<byte[]> FactAsync(string customer, string achievement, CancellationToken stop) =>
        GameServer.EncodedAsync(_registry, new AchievementCompleted
        {
            EventId = Guid.CreateVersion7(),
            OccurredAt = DateTime.UtcNow,
            CustomerId = customer,
            AchievementId = achievement,
            Coins = 1,
        }, stop);

    private static Message<byte[]?, byte[]?> Record(string? key, byte[]? value,
        params (string Name, string Value)[] headers)
    {
        var message = new Message<byte[]?, byte[]?>
        {
            Key = key is null ? null : Encoding.UTF8.GetBytes(key),
            Value = value,
            Headers = [],
        };
        foreach (var (name, text) in headers) message.Headers.Add(name, Encoding.UTF8.GetBytes(text));
        return message;
    }

    /// <summary>Of letters that can't be compressed: an index takes thousands of one letter.</summary>
    private static string Long(int letters) =>
        new(Random.Shared.GetItems<char>("abcdefghijklmnopqrstuvwxyz0123456789", letters));

    /// <summary>Never the first byte of the wire format.</summary>
    private static byte[] Garbage(int bytes)
    {
        var garbage = new byte[bytes];
        Array.Fill(garbage, (byte)'x');
        return garbage;
    }
}
