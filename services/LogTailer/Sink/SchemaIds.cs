using System.Buffers.Binary;
using System.Collections.Concurrent;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;
using Checkout.LogTailer.Source;
using Npgsql;

namespace Checkout.LogTailer.Sink;

/// <summary>
/// The registry's id for an event's schema, by the fingerprint in its payload. The text comes from the store, so
/// nothing else need be deployed here.
/// </summary>
public sealed class SchemaIds(StoreDatabase database, SchemaRegistry registry, string topic, Action<string?> waiting)
{
    public static readonly TimeSpan FirstOutageDelay = TimeSpan.FromMilliseconds(500);
    public static readonly TimeSpan LongestOutageDelay = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(long Fingerprint, string Type), int> _ids = new();

    /// <summary>
    /// Learns the ids of all schemas that the store holds, so that the first event of a kind does not wait for the
    /// registry. What can't be learnt now is asked for, and said, when an event needs it.
    /// </summary>
    public async Task LearnAsync(CancellationToken stop)
    {
        try
        {
            foreach (var (fingerprint, name, schema) in await database.SchemasAsync(stop))
                _ids.TryAdd((BinaryPrimitives.ReadInt64LittleEndian(fingerprint), name),
                    await registry.IdOfAsync($"{topic}-{name}", schema, stop));
        }
        catch (Exception e)
            when (e is RegistryUnavailableException or SchemaRefusedException or SchemaNotFoundException
                or NpgsqlException or OperationCanceledException)
        {
            // Not needed yet.
        }
    }

    public bool TryGet(StoredEvent e, out int id)
    {
        id = 0;
        return SingleObject.TryReadFingerprint(e.Payload, out var fingerprint)
            && _ids.TryGetValue((fingerprint, e.Type), out id);
    }

    /// <summary>
    /// Waits for as long as the registry is away: only this database is held up, and nothing is lost.
    /// </summary>
    public async Task<int> GetAsync(StoredEvent e, CancellationToken stop)
    {
        if (TryGet(e, out var known)) return known;
        if (!SingleObject.TryReadFingerprint(e.Payload, out var fingerprint))
            throw new PublicationStoppedException(
                $"Event {e.EventId} at position {e.Position} is not in Avro single-object encoding, so its schema is "
                + $"unknown. Only the event store's own code should write to table events.");
        var schema = await database.SchemaAsync(e.Payload.AsMemory(2, 8), stop)
            ?? throw new PublicationStoppedException(
                $"Event {e.EventId} at position {e.Position} ({e.Type}) names schema "
                + $"{Convert.ToHexString(e.Payload, 2, 8)}, which the store's table schemas does not hold. Start the "
                + $"service that owns the store, in the version that wrote the event.");
        return _ids[(fingerprint, e.Type)] = await IdOfAsync($"{topic}-{e.Type}", schema, stop);
    }

    private async Task<int> IdOfAsync(string subject, string schema, CancellationToken stop)
    {
        for (var delay = FirstOutageDelay; ; delay = delay * 2 < LongestOutageDelay ? delay * 2 : LongestOutageDelay)
        {
            try
            {
                var id = await registry.IdOfAsync(subject, schema, stop);
                waiting(null);
                return id;
            }
            catch (RegistryUnavailableException e)
            {
                waiting(e.Message);
                await Task.Delay(delay * (0.5 + Random.Shared.NextDouble() / 2), stop);
            }
            catch (Exception e) when (e is SchemaRefusedException or SchemaNotFoundException)
            {
                throw new PublicationStoppedException(e.Message);
            }
        }
    }
}
