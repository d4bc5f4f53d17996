using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.WireFormat;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>What a store holds, decoded by the schemas that it holds beside.</summary>
internal sealed class StoredEvents<TRows>(Choreography<TRows> choreography)
{
    private readonly Dictionary<long, ToldEvent<TRows>> _byFingerprint = choreography.ToldEvents.ToDictionary(told =>
        BitConverter.ToInt64(EventCodec.Fingerprint(told.Schema)));

    public static async Task<Dictionary<long, Avro.Schema>> SchemasAsync(NpgsqlConnection connection)
    {
        var rows = await connection.QueryAsync<(byte[] Fingerprint, string Schema)>(
            "SELECT fingerprint, schema FROM public.schemas");
        return rows.ToDictionary(row => BitConverter.ToInt64(row.Fingerprint), row => Avro.Schema.Parse(row.Schema));
    }

    /// <exception cref="InvalidOperationException">A newer version of the service wrote it.</exception>
    public ISpecificRecord Decode(byte[] payload, string type, Dictionary<long, Avro.Schema> schemas)
    {
        SingleObject.TryReadFingerprint(payload, out var fingerprint);
        var told = _byFingerprint.GetValueOrDefault(fingerprint)
            ?? choreography.ToldEvents.FirstOrDefault(t => t.Schema.Fullname == type)
            ?? throw new InvalidOperationException(
                $"The store holds a {type}, which {choreography.Service} does not know.");
        return EventCodec.Decode(payload.AsMemory(SingleObject.HeaderBytes), schemas[fingerprint], told.Type);
    }
}
