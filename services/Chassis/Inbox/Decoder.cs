using System.Collections.Concurrent;
using System.Globalization;
using Avro;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;

namespace Checkout.Chassis.Inbox;

/// <summary>
/// A record of which a reaction is due: its event, or the reason why it can't be read. With neither, the service has no
/// row for it.
/// </summary>
public sealed record Decoded<TRows>(Incoming Record, Reaction<TRows>? Reaction, ISpecificRecord? Event, string? Fault)
{
    public bool IsOurs => Reaction is not null || Fault is not null;

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
            (DateTime)Event.Get(schema["occurredAt"].Pos), now);
    }
}

/// <summary>From the bytes of the wire to the event of a row of the choreography.</summary>
public sealed class Decoder<TRows>(Choreography<TRows> choreography, RegistryClient registry)
{
    private readonly ConcurrentDictionary<int, RecordSchema> _schemas = new();

    /// <exception cref="RegistryUnavailableException">An outage, not a fault of the record.</exception>
    /// <exception cref="SchemaRefusedException">The registry does not let us read (401, 403): an outage to
    /// us.</exception>
    public async ValueTask<Decoded<TRows>> DecodeAsync(Incoming record, CancellationToken cancellation)
    {
        if (choreography.IsChained(record.Topic) && !record.HasChain)
            return Faulty(record,
                $"it has no headers {EventHeaders.Sequence} and {EventHeaders.Previous}: LogTailer did not write it");
        if (IsPassedOver(record)) return new(record, null, null, null);
        if (record.Value is null) return Faulty(record, "it has no value");
        if (!ConfluentFrame.TryReadSchemaId(record.Value, out var id))
            return Faulty(record, "its value is not in the Confluent wire format (0x00 and a schema id)");
        try
        {
            var written = _schemas.TryGetValue(id, out var known) ? known : await SchemaAsync(id, cancellation);
            var reaction = choreography.Find(record.Topic, written.Fullname);
            return reaction is null
                ? new(record, null, null, null)
                : new(record, reaction,
                    EventCodec.Decode(record.Value.AsMemory(ConfluentFrame.HeaderBytes), written, reaction.Event),
                    null);
        }
        catch (Exception fault)
            when (fault
                is not (RegistryUnavailableException or SchemaRefusedException or OperationCanceledException
                    or OutOfMemoryException))
        {
            return Faulty(record,
                $"it can't be decoded with schema {id.ToString(CultureInfo.InvariantCulture)}: {fault.Message}");
        }
    }

    /// <summary>
    /// Whether its headers say already that the service has no row for it: then nothing but its place on the chain
    /// matters.
    /// </summary>
    public bool IsPassedOver(Incoming record) =>
        record.Header(EventHeaders.Type) is { } type && choreography.Find(record.Topic, type) is null
        && (record.HasChain || !choreography.IsChained(record.Topic));

    private async Task<RecordSchema> SchemaAsync(int id, CancellationToken cancellation)
    {
        var schema = Schema.Parse(await registry.SchemaOfAsync(id, cancellation)) as RecordSchema
            ?? throw new AvroException($"schema {id} is not a record");
        return _schemas.GetOrAdd(id, schema);
    }

    private static Decoded<TRows> Faulty(Incoming record, string reason) => new(record, null, null, reason);
}
