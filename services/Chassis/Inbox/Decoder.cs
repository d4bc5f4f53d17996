using System.Collections.Concurrent;
using Avro;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;
using Confluent.SchemaRegistry;
using Schema = Avro.Schema;

namespace Checkout.Chassis.Inbox;

/// <summary>
/// A record of which a reaction is due: its event, or the reason why it can't be read. With neither, the service has no
/// row for it.
/// </summary>
public sealed record Decoded<TRows>(Incoming Record, Reaction<TRows>? Reaction, ISpecificRecord? Event, string? Fault)
{
    public bool IsOurs => Reaction is not null || Fault is not null;

    /// <summary>The full name of its event, as its schema or its header says; null where neither does.</summary>
    public string? Type { get; init; }

    /// <summary>
    /// Whether it has not all headers of a chained topic: LogTailer did not write it, so it stands for no event of the
    /// topic's owner and is nothing to handle, now or later.
    /// </summary>
    public bool IsForeign { get; init; }

    /// <summary>Whether its fault may go away by itself: the registry does not know its schema (yet).</summary>
    public bool MayBeReadLater { get; init; }

    internal TimeSpan ClockTolerance { get; init; }

    /// <summary>
    /// The step that is due; null where there is none, and then fault says whether something is wrong.
    /// </summary>
    /// <param name="now">When the batch began, UTC.</param>
    public Work<TRows>? ToWork(DateTime now, out string? fault)
    {
        fault = Fault;
        if (Reaction is not { } reaction || fault is not null) return null;
        try
        {
            var context = Context(now);
            var about = reaction.About(Event!);
            var seed = reaction.BusinessKey is { } key
                ? EventIds.OfBusinessKey(reaction.Name, key(about)) : context.EventId;
            return new(about, rows => reaction.Decide(rows, about, context), seed, reaction.Name, reaction.Tells,
                context.EventId)
            {
                Resumes = reaction.Resumes,
                TraceParent = Record.Header(EventHeaders.TraceParent),
                TraceState = Record.Header(EventHeaders.TraceState),
            };
        }
        catch (Exception thrown) when (thrown is not OutOfMemoryException)
        {
            fault = Work<TRows>.Threw(reaction.Name, thrown);
            return null;
        }
    }

    /// <summary>
    /// Every event carries its id and time in its fields; the headers of a topic without a chain are whatever its
    /// producer gave.
    /// </summary>
    private EventContext Context(DateTime now)
    {
        var schema = (RecordSchema)Event!.Schema;
        return new((Guid)Event.Get(schema["eventId"].Pos), schema.Fullname,
            Record.Header(EventHeaders.Source) ?? Record.Topic,
            (DateTime)Event.Get(schema["occurredAt"].Pos), now)
        { ClockTolerance = ClockTolerance };
    }
}

/// <summary>From the bytes of the wire to the event of a row of the choreography. One batch at a time.</summary>
/// <param name="clockTolerance">So far clocks may be apart and decide nothing.</param>
public sealed class Decoder<TRows>(Choreography<TRows> choreography, SchemaRegistry registry,
    TimeSpan clockTolerance = default)
{
    private const string NotWireFormat = "its value is not in the Confluent wire format (0x00 and a schema id, or the "
        + $"schema's id in header {EventHeaders.ValueSchemaId})";

    private static readonly ISchemaIdDecoder SchemaIds = SchemaIdDeserializerStrategy.Dual.ToDeserializer();

    private readonly ConcurrentDictionary<WriterSchemaId, RecordSchema> _schemas = new();
    private readonly EventDeserializers _deserializers = new(registry.Client);

    /// <exception cref="RegistryUnavailableException">An outage, not a fault of the record.</exception>
    /// <exception cref="SchemaRefusedException">The registry does not let us read (401, 403): an outage to
    /// us.</exception>
    /// <exception cref="SchemaContradictedException">The registry names another event than the record does: an outage
    /// until it is right.</exception>
    public async ValueTask<Decoded<TRows>> DecodeAsync(Incoming record, CancellationToken cancellation)
    {
        var isChained = choreography.IsChained(record.Topic);
        if (isChained && (!record.HasChain || record.Header(EventHeaders.Type) is null))
            return new(record, null, null, null) { IsForeign = true };
        if (IsPassedOver(record)) return new(record, null, null, null) { Type = record.Header(EventHeaders.Type) };
        if (record.Value is null) return Faulty(record, "it has no value");
        var context = new SerializationContext(MessageComponentType.Value, record.Topic, SchemaIdHeader(record));
        if (!TryReadSchemaId(record.Value, context, out var name, out var body)) return Faulty(record, NotWireFormat);
        try
        {
            var written = await WrittenAsync(record, name, isChained, cancellation);
            var reaction = choreography.Find(record.Topic, written.Fullname);
            return reaction is null
                ? new(record, null, null, null) { Type = written.Fullname }
                : new(record, reaction,
                    await _deserializers.ReadAsync(reaction.Event, written, record.Value, body, context), null)
                { Type = written.Fullname, ClockTolerance = clockTolerance };
        }
        catch (SchemaNotFoundException e)
        {
            return Faulty(record, $"it can't be decoded with schema {name}: {e.Message}")
                with
            { MayBeReadLater = true };
        }
        catch (HttpRequestException e)
        {
            // The deserializer asks by itself where its client forgot a schema meanwhile.
            throw registry.Explained(e, $"schema id {name}");
        }
        catch (Exception fault)
            when (fault
                is not (RegistryUnavailableException or SchemaRefusedException or SchemaContradictedException
                    or OperationCanceledException or OutOfMemoryException))
        {
            return Faulty(record, $"it can't be decoded with schema {name}: {fault.Message}");
        }
    }

    /// <summary>
    /// Whether its headers say already that the service has no row for it: then nothing but its place on the chain
    /// matters. Where there is no chain the headers are whatever its producer gave, and the schema's name decides.
    /// </summary>
    public bool IsPassedOver(Incoming record) =>
        record.HasChain && choreography.IsChained(record.Topic)
        && record.Header(EventHeaders.Type) is { } type && choreography.Find(record.Topic, type) is null;

    /// <summary>
    /// The schema of this name. On a chained topic it is the one that the record's own type says: a registry that was
    /// lost gives its ids anew, so a contradiction is held against the registry as it is now before anything waits.
    /// </summary>
    private async ValueTask<RecordSchema> WrittenAsync(Incoming record, WriterSchemaId name, bool isChained,
        CancellationToken cancellation)
    {
        var type = isChained ? record.Header(EventHeaders.Type) : null;
        if (_schemas.TryGetValue(name, out var known))
        {
            if (type is null || known.Fullname == type) return known;
            Forget();
        }
        var schema = Schema.Parse(await registry.SchemaOfAsync(name, cancellation)) as RecordSchema
            ?? throw new AvroException($"schema {name} is not a record");
        if (type is null || schema.Fullname == type) return _schemas.GetOrAdd(name, schema);
        // Asked for anew by the next try.
        Forget();
        throw new SchemaContradictedException(
            $"{record.Topic}/{record.Partition} position {record.Position} is a {type}, and {registry} names "
            + $"{schema.Fullname} for its schema id {name}: the registry was lost and gave its ids anew, or it is not "
            + "the one that LogTailer asks. Nothing is decoded under another name: this goes on by itself when the "
            + "registry has its former schemas again.");
    }

    private void Forget()
    {
        _schemas.Clear();
        registry.Forget();
    }

    private static Headers? SchemaIdHeader(Incoming record) =>
        record.Header(EventHeaders.ValueSchemaId) is { } hexadecimal
            ? new() { { EventHeaders.ValueSchemaId, Convert.FromHexString(hexadecimal) } } : null;

    private static bool TryReadSchemaId(byte[] value, SerializationContext context, out WriterSchemaId name,
        out ReadOnlyMemory<byte> body)
    {
        var id = new SchemaId(SchemaType.Avro);
        try
        {
            body = SchemaIds.Decode(value, context, ref id);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or IndexOutOfRangeException)
        {
            (name, body) = (default, default);
            return false;
        }
        name = new(id.Id, id.Guid);
        return true;
    }

    private static Decoded<TRows> Faulty(Incoming record, string reason) => new(record, null, null, reason);
}
