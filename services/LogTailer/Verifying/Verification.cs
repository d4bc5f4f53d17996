using System.Diagnostics;
using System.Text;
using Avro;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;
using Checkout.LogTailer.Chain;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Source;
using Confluent.Kafka;

namespace Checkout.LogTailer.Verifying;

/// <summary>
/// Holds a topic against its store, event by event: that each of the store's events is there in its order, byte for
/// byte, and nothing else is. The store is read in short pages, so no snapshot stays open that would slow the appends;
/// what is appended meanwhile is looked at as far as it is on the topic.
/// </summary>
/// <param name="patience">How long a record may keep the comparison waiting while nothing comes from the topic at
/// all.</param>
public sealed class Verification(string storeName, StoreDatabase database, KafkaClients kafka, SchemaRegistry registry,
    TimeSpan patience)
{
    /// <summary>For so long a commit that is on the topic already may be unseen in the store.</summary>
    private static readonly TimeSpan LongestUnseen = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AskInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>So many records out of their turn are looked up in the store at once.</summary>
    private const int MaxRepeated = 4_000;

    private readonly Dictionary<(int Id, long Fingerprint), bool> _sameSchema = [];
    private readonly List<PublishedEvent> _repeated = [];
    private long _duplicates;
    private long _forgotten;
    private string? _foreign;

    /// <summary>
    /// Calls <paramref name="progress"/> after each page with the number of events compared and their total.
    /// </summary>
    /// <exception cref="Npgsql.NpgsqlException">The database does not answer.</exception>
    /// <exception cref="RegistryUnavailableException">The registry does not answer.</exception>
    public async Task<Verdict> RunAsync(Action<long, long>? progress, CancellationToken stop)
    {
        var head = await database.HeadAsync(stop)
            ?? throw new InvalidOperationException($"{storeName} has no event store yet.");
        using var records = new TopicRecords(kafka, head.Topic, head.Partitions);
        var difference = await CompareAsync(head, records, progress, stop) ?? await BeyondAsync(head, records, stop);
        // Somebody else's record is no event, and what lies behind it is compared all the same.
        return new(storeName, head.Topic, head.Position, _duplicates, _forgotten, difference ?? _foreign)
        {
            OnlyForeign = difference is null && _foreign is not null,
        };
    }

    private async Task<string?> CompareAsync(Head head, TopicRecords records, Action<long, long>? progress,
        CancellationToken stop)
    {
        var expected = new KafkaRecord(head.Source);
        var all = Enumerable.Range(0, head.Partitions).ToArray();
        var last = new long[head.Partitions];
        var reading = PageAsync(0);
        for (long after = 0; after < head.Position;)
        {
            var page = await reading;
            after = page.Through;
            reading = PageAsync(after);
            foreach (var e in page.Events)
            {
                var (record, missing) = await FindAsync(records, e, last[e.Partition], stop);
                if (missing is not null) return missing;
                if (record is not null && await DifferenceAsync(expected, e, record, stop) is { } difference)
                    return difference;
                last[e.Partition] = e.Position;
            }
            if (await RepeatedAsync(stop) is { } invented) return invented;
            progress?.Invoke(after, head.Position);
        }
        return null;

        Task<StorePage> PageAsync(long after) => after < head.Position
            ? database.PageAsync(after, head.Position, all, stop)
            : Task.FromResult(StorePage.Empty);
    }

    /// <summary>
    /// The record of this event, found by the rule of the consumers: what repeats earlier ones is set aside, and so is
    /// what comes before its predecessor, as it lies at the start of a partition that lost its first records and got
    /// them again at its end. Neither where the in-memory broker keeps the event no more.
    /// </summary>
    private async ValueTask<(Record? Record, string? Missing)> FindAsync(
        TopicRecords records, StoredEvent e, long last, CancellationToken stop)
    {
        for (Record? early = null; ;)
        {
            if (await records.PeekAsync(e.Partition, patience, stop) is not { } raw)
                return (null, Missing(e, last, early));
            if (Record.From(raw) is not { } record)
            {
                SetAside(raw, records);
                continue;
            }
            if (record.Position > e.Position && !kafka.KeepEverything && records.Next(e.Partition) == 0
                && raw.Offset.Value > 0)
            {
                _forgotten++;
                return (null, null);
            }
            records.Take(e.Partition);
            if (record.Position == e.Position) return (record, null);
            if (record.Position > e.Position) early ??= record;
            _duplicates++;
            if (await RepeatsAsync(record, stop) is { } invented) return (null, invented);
        }
    }

    private static string Missing(StoredEvent e, long last, Record? early) =>
        $"event {e.EventId} at position {e.Position} is not there: " + (early is null
        ? $"partition {e.Partition} ends after position {last}."
        : $"on partition {e.Partition}, offset {early.Raw.Offset.Value} holds position {early.Position} after "
            + $"position {last}.");

    private async Task<string?> DifferenceAsync(KafkaRecord expected, StoredEvent e, Record record,
        CancellationToken stop)
    {
        if (!ConfluentFrame.TryReadSchemaId(record.Raw.Message.Value, out var schemaId))
            return Differs(e, record, "value", "the Confluent wire format", "another");
        return Difference(expected, e, record, schemaId)
            ?? (await IsSameSchemaAsync(schemaId, e, stop) ? null : Differs(e, record, "schema",
                $"fingerprint {Convert.ToHexString(e.Payload, 2, 8)}", $"registry id {schemaId}"));
    }

    private static string? Difference(KafkaRecord expected, StoredEvent e, Record record, int schemaId)
    {
        expected.Fill(e, schemaId);
        var message = record.Raw.Message;
        if (!expected[expected.Key].SequenceEqual(message.Key))
            return Differs(e, record, "key", e.Key, Encoding.UTF8.GetString(message.Key ?? []));
        for (var i = 0; i < Math.Max(expected.Headers.Length, message.Headers.Count); i++)
        {
            var ours = i < expected.Headers.Length
                ? Text(expected.Headers[i].Name.Text, expected[expected.Headers[i].Value]) : "nothing";
            var its = i < message.Headers.Count
                ? Text(message.Headers[i].Key, message.Headers[i].GetValueBytes()) : "nothing";
            if (ours != its) return Differs(e, record, "header", ours, its);
        }
        return expected[expected.Value].SequenceEqual(message.Value) ? null
            : Differs(e, record, "value", $"{e.Payload.Length - SingleObject.HeaderBytes} bytes",
                $"{message.Value.Length - ConfluentFrame.HeaderBytes} others");
    }

    private static string Differs(StoredEvent e, Record record, string what, string stored, string published) =>
        $"event {e.EventId} at position {e.Position} has the {what} {stored} in the store and {published} on "
            + $"partition {e.Partition} at offset {record.Raw.Offset.Value}.";

    private async ValueTask<bool> IsSameSchemaAsync(int id, StoredEvent e, CancellationToken stop)
    {
        if (!SingleObject.TryReadFingerprint(e.Payload, out var fingerprint)) return false;
        if (_sameSchema.TryGetValue((id, fingerprint), out var known)) return known;
        var same = await database.SchemaAsync(e.Payload.AsMemory(2, 8), stop) is { } stored
            && Canonical(stored) == Canonical(await PublishedAsync(id, stop));
        return _sameSchema[(id, fingerprint)] = same;
    }

    private async Task<string?> PublishedAsync(int id, CancellationToken stop)
    {
        try
        {
            return await registry.SchemaOfAsync(id, stop);
        }
        catch (SchemaNotFoundException)
        {
            return null;
        }
    }

    /// <summary>A registry may write a schema otherwise than it was registered.</summary>
    private static string? Canonical(string? schema) =>
        schema is null ? null : SchemaNormalization.ToParsingForm(Schema.Parse(schema));

    /// <summary>
    /// What lies behind the store's last event: repetitions, and what was appended meanwhile. Nothing may be there that
    /// the store does not hold.
    /// </summary>
    private async Task<string?> BeyondAsync(Head head, TopicRecords records, CancellationToken stop)
    {
        for (var p = 0; p < head.Partitions; p++)
        {
            var end = await Task.Run(() => records.End(p), stop);
            while (records.Next(p) < end && await records.PeekAsync(p, patience, stop) is { } raw
                && raw.Offset.Value < end)
            {
                if (Record.From(raw) is not { } record)
                {
                    SetAside(raw, records);
                    continue;
                }
                records.Take(p);
                if (record.Position <= head.Position) _duplicates++;
                if (await RepeatsAsync(record, stop) is { } unknown) return unknown;
            }
            if (await RepeatedAsync(stop) is { } invented) return invented;
        }
        return null;
    }

    /// <summary>Of what may be very many, only the place and what the event is known by are kept.</summary>
    private async ValueTask<string?> RepeatsAsync(Record record, CancellationToken stop)
    {
        _repeated.Add(PublishedEvent.From(record.Raw)!);
        return _repeated.Count < MaxRepeated ? null : await RepeatedAsync(stop);
    }

    /// <summary>
    /// A record out of its turn must at least be the event that the store holds at its position. PostgreSQL's log tells
    /// of a commit before other transactions see it, by as much as its backend waits in between.
    /// </summary>
    private async Task<string?> RepeatedAsync(CancellationToken stop)
    {
        if (_repeated.Count == 0) return null;
        PublishedEvent? invented;
        for (var waits = Stopwatch.StartNew(); ; await Task.Delay(AskInterval, stop))
        {
            var stored = await database.EventsAtAsync([.. _repeated.Select(r => r.Position).Distinct()], stop);
            invented = _repeated.Find(r => stored.GetValueOrDefault(r.Position) != r.Fingerprint);
            var mayBeSeenYet = invented is not null && !stored.ContainsKey(invented.Position);
            if (!mayBeSeenYet || waits.Elapsed > LongestUnseen) break;
        }
        _repeated.Clear();
        return invented is null ? null
            : $"partition {invented.Fingerprint.Partition} offset {invented.Offset} holds event "
                + $"{invented.Fingerprint.EventId} at position {invented.Position}, which the store does not have "
                + "there.";
    }

    private void SetAside(ConsumeResult<byte[], byte[]> foreign, TopicRecords records)
    {
        _foreign ??= $"partition {foreign.Partition.Value} offset {foreign.Offset.Value} holds a record without "
            + $"{EventHeaders.Sequence} and {EventHeaders.Id}, which no LogTailer wrote.";
        records.Take(foreign.Partition.Value);
    }

    private static string Text(string name, ReadOnlySpan<byte> value) => $"{name}={Encoding.UTF8.GetString(value)}";

    private sealed record Record(ConsumeResult<byte[], byte[]> Raw, long Position)
    {
        public static Record? From(ConsumeResult<byte[], byte[]> raw) =>
            PublishedEvent.TryPlace(raw, out var position, out _, out _) ? new(raw, position) : null;
    }
}
