using System.Collections.Concurrent;
using System.Globalization;
using Avro;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;

namespace Checkout.Chassis.Reactor;

/// <summary>A record of which a reaction is due: its event, or the reason why it can't be read. With neither, the service has no row for it.</summary>
public sealed record Decoded<TCommand>(Incoming Record, Reaction<TCommand>? Reaction, ISpecificRecord? Event, string? Fault)
{
    public bool IsOurs => Reaction is not null || Fault is not null;
}

/// <summary>From the bytes of the wire to the event of a row of the choreography.</summary>
public sealed class Decoder<TCommand>(Choreography<TCommand> choreography, RegistryClient registry)
{
    private readonly ConcurrentDictionary<int, RecordSchema> _schemas = new();

    /// <exception cref="RegistryUnavailableException">An outage, not a fault of the record.</exception>
    /// <exception cref="SchemaRefusedException">The registry does not let us read (401, 403): an outage to us.</exception>
    public async ValueTask<Decoded<TCommand>> DecodeAsync(Incoming record, CancellationToken cancellation)
    {
        if (choreography.IsChained(record.Topic) && !record.HasChain)
            return Faulty(record, $"it has no headers {EventHeaders.Sequence} and {EventHeaders.Previous}: LogTailer did not write it");
        if (record.Header(EventHeaders.Type) is { } type && choreography.Find(record.Topic, type) is null) return new(record, null, null, null);
        if (record.Value is null) return Faulty(record, "it has no value");
        if (!ConfluentFrame.TryReadSchemaId(record.Value, out var id)) return Faulty(record, "its value is not in the Confluent wire format (0x00 and a schema id)");
        try
        {
            var written = _schemas.TryGetValue(id, out var known) ? known : await SchemaAsync(id, cancellation);
            var reaction = choreography.Find(record.Topic, written.Fullname);
            return reaction is null
                ? new(record, null, null, null)
                : new(record, reaction, EventCodec.Decode(record.Value.AsMemory(ConfluentFrame.HeaderBytes), written, reaction.Event), null);
        }
        catch (Exception fault) when (fault is not (RegistryUnavailableException or SchemaRefusedException or OperationCanceledException or OutOfMemoryException))
        {
            return Faulty(record, $"it can't be decoded with schema {id.ToString(CultureInfo.InvariantCulture)}: {fault.Message}");
        }
    }

    private async Task<RecordSchema> SchemaAsync(int id, CancellationToken cancellation)
    {
        var schema = Schema.Parse(await registry.SchemaOfAsync(id, cancellation)) as RecordSchema ?? throw new AvroException($"schema {id} is not a record");
        return _schemas.GetOrAdd(id, schema);
    }

    private static Decoded<TCommand> Faulty(Incoming record, string reason) => new(record, null, null, reason);
}
