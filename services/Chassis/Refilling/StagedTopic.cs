using Checkout.Chassis.EventStore;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Chassis.Refilling;

/// <summary>The topic can't be what the store is completed from; the message says why, and what to do.</summary>
public sealed class UnfitTopicException(string message) : Exception(message);

/// <summary>
/// All events of a topic in a temporary table beside the store's, as the store would have them: its session is what it
/// lasts for. Blocking, on one thread.
/// </summary>
/// <param name="source">The store's own ce_source.</param>
internal sealed class StagedTopic(NpgsqlConnection connection, SchemaRegistry registry, string topic, string source,
    CancellationToken stop)
{
    private const int PageEvents = 2_000;

    private const string Columns = "position, previous, partition, event_id, key, type, occurred_at, correlation_id, "
        + "causation_id, traceparent, tracestate, payload";

    private readonly Dictionary<int, byte[]> _fingerprints = [];
    private readonly Dictionary<int, long> _last = [];

    /// <summary>Partitions whose records go on behind one that did not come yet: where, and behind what.</summary>
    private readonly Dictionary<int, TopicEvent> _gaps = [];

    /// <summary>How many records were read that are no events of the store.</summary>
    public long Foreign { get; private set; }

    public long Events { get; private set; }

    /// <param name="progress">Told how many events were read.</param>
    /// <exception cref="UnfitTopicException">Records are missing in it, or another store's events are.</exception>
    public void Fill(OwnTopic own, IReadOnlyCollection<OwnTopic.Extent> extents, Action<long> progress)
    {
        connection.Execute(
            $"""
            DROP TABLE IF EXISTS topic_events;
            CREATE TEMPORARY TABLE topic_events AS SELECT {Columns}, false AS repeats FROM public.events LIMIT 0
            """);
        foreach (var page in own.Read(extents, _ => Foreign++, stop).Chunk(PageEvents))
        {
            // Before the copy, during which the session can be asked nothing.
            var rows = page.Select(e => (Event: e, Repeats: !IsNext(e), Fingerprint: FingerprintOf(e))).ToList();
            Copy(rows);
            Events += page.Length;
            progress(Events);
        }
        if (_gaps.Values.FirstOrDefault(gap => gap.Position > _last.GetValueOrDefault(gap.Partition)) is { } missing)
            throw new UnfitTopicException($"{topic}/{missing.Partition} itself lacks events: at offset "
                + $"{missing.Offset} position {missing.Position} follows {missing.Previous}, and neither the topic nor "
                + "the store has that. Restore a backup that does, and run refill on it.");
        connection.Execute("CREATE INDEX ON topic_events (position); CREATE INDEX ON topic_events (event_id); "
            + "ANALYZE topic_events", commandTimeout: 0);
        MustBeOneHistory();
    }

    /// <summary>
    /// By the rule of the consumers. False for what repeats an event that was read, or comes before its predecessor:
    /// where records were lost, LogTailer publishes what follows them again.
    /// </summary>
    private bool IsNext(TopicEvent e)
    {
        if (e.Source != source)
            throw new UnfitTopicException($"{topic}/{e.Partition} offset {e.Offset} holds an event of {e.Source}, and "
                + $"this store is {source}: correct EventStore:Shard or Database:ConnectionString.");
        var last = _last.GetValueOrDefault(e.Partition);
        var link = Chain.Place(e.Position, e.Previous, last);
        // What the topic has no more, the store may still have: the in-memory broker forgets the oldest.
        if (link == Link.Gap && _gaps.GetValueOrDefault(e.Partition)?.Position != e.Previous && StoreHas(e))
            link = Link.Next;
        if (link == Link.Gap) _gaps[e.Partition] = e;
        if (link == Link.Next) _last[e.Partition] = e.Position;
        return link == Link.Next;
    }

    private bool StoreHas(TopicEvent e) => connection.ExecuteScalar<bool>(
        "SELECT EXISTS (SELECT FROM public.events WHERE position = @Previous AND partition = @Partition)",
        new { e.Previous, e.Partition });

    private byte[] FingerprintOf(TopicEvent e)
    {
        if (_fingerprints.TryGetValue(e.SchemaId, out var known)) return known;
        var text = registry.SchemaOfAsync(e.SchemaId, stop).GetAwaiter().GetResult();
        var schema = Avro.Schema.Parse(text) as Avro.RecordSchema;
        if (schema?.Fullname != e.Type)
            throw new UnfitTopicException($"{topic}/{e.Partition} position {e.Position} is a {e.Type}, and {registry} "
                + $"names {schema?.Fullname ?? "none"} for its schema id {e.SchemaId}: the registry was lost and gave "
                + "its ids anew. Bring its former schemas back, and run refill again.");
        var fingerprint = EventCodec.Fingerprint(schema);
        connection.Execute(
            """
            INSERT INTO public.schemas (fingerprint, name, schema) VALUES (@fingerprint, @Fullname, @text)
            ON CONFLICT DO NOTHING
            """, new { fingerprint, schema.Fullname, text });
        return _fingerprints[e.SchemaId] = fingerprint;
    }

    private void Copy(List<(TopicEvent Event, bool Repeats, byte[] Fingerprint)> rows)
    {
        using var copy = connection.BeginBinaryImport(
            $"COPY topic_events ({Columns}, repeats) FROM STDIN (FORMAT BINARY)");
        foreach (var (e, repeats, fingerprint) in rows)
        {
            copy.StartRow();
            copy.Write(e.Position, NpgsqlDbType.Bigint);
            copy.Write(e.Previous, NpgsqlDbType.Bigint);
            copy.Write(e.Partition, NpgsqlDbType.Integer);
            copy.Write(e.EventId, NpgsqlDbType.Uuid);
            copy.Write(e.Key, NpgsqlDbType.Text);
            copy.Write(e.Type, NpgsqlDbType.Text);
            copy.Write(e.OccurredAt, NpgsqlDbType.TimestampTz);
            Write(copy, e.CorrelationId, NpgsqlDbType.Text);
            Write(copy, e.CausationId, NpgsqlDbType.Uuid);
            Write(copy, e.TraceParent, NpgsqlDbType.Text);
            Write(copy, e.TraceState, NpgsqlDbType.Text);
            copy.Write(SingleObject.Frame(fingerprint, e.Body.Span), NpgsqlDbType.Bytea);
            copy.Write(repeats, NpgsqlDbType.Boolean);
        }
        copy.Complete();
    }

    private static void Write(NpgsqlBinaryImporter copy, object? value, NpgsqlDbType type)
    {
        if (value is null) copy.WriteNull();
        else copy.Write(value, type);
    }

    private void MustBeOneHistory()
    {
        var two = connection.QueryFirstOrDefault<(long? Position, int Partition)>(
            """
            SELECT t.position, t.partition FROM topic_events r JOIN topic_events t USING (position)
            WHERE r.repeats AND NOT t.repeats
              AND (r.event_id, r.type, r.partition, r.payload)
                IS DISTINCT FROM (t.event_id, t.type, t.partition, t.payload)
            ORDER BY t.position LIMIT 1
            """, commandTimeout: 0);
        if (two.Position is { } position)
            throw new UnfitTopicException($"{topic}/{two.Partition} has two different events at position {position}: "
                + "it holds two histories of the store. Which of them its readers handled is to be found out by hand.");
    }
}
