using avatarstore.game;
using Avro;
using Avro.Specific;
using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;
using Checkout.Inventory;
using Checkout.LogTailer.Chain;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Source;
using Checkout.Store;
using Confluent.SchemaRegistry;
using Schema = Confluent.SchemaRegistry.Schema;

namespace Checkout.Simulation.Model;

/// <summary>The registry: every schema of the system has an id, and the services' own client asks for it.</summary>
public static class Wire
{
    private static readonly RecordSchema[] Schemas =
    [
        .. StoreChoreography.Table.ToldEvents.Select(told => told.Schema),
        .. BalanceChoreography.Table.ToldEvents.Select(told => told.Schema),
        .. InventoryChoreography.Table.ToldEvents.Select(told => told.Schema),
        (RecordSchema)GameRegistered._SCHEMA,
        (RecordSchema)DailyRewardClaimed._SCHEMA,
        (RecordSchema)AchievementCompleted._SCHEMA,
    ];

    private static readonly Dictionary<long, int> Ids = Schemas.Select((schema, id) =>
        (Key: BitConverter.ToInt64(EventCodec.Fingerprint(schema)), id))
        .ToDictionary(known => known.Key, known => known.id);

    private static readonly RegistryOptions Options = new() { Url = "http://registry" };

    public static SchemaRegistry Registry { get; } = new(Options, new Answers());

    public static byte[] Frame(byte[] atRest) =>
        ConfluentFrame.FromSingleObject(atRest, SingleObject.TryReadFingerprint(atRest, out var fingerprint)
        ? Ids[fingerprint]
        : throw new SimulationStoppedException("an event at rest is not in single-object encoding"));

    /// <summary>An event of a store, from its bytes.</summary>
    public static ISpecificRecord Read<TRows>(StoredEvent e, Choreography<TRows> teller)
    {
        var told = teller.ToldEvents.Single(told => told.Schema.Fullname == e.Type);
        return EventCodec.Decode(e.Payload.AsMemory(SingleObject.HeaderBytes), told.Schema, told.Type);
    }

    /// <summary>Confluent's client, with every answer in memory already.</summary>
    private sealed class Answers() : CachedSchemaRegistryClient(Options.Client()), ISchemaRegistryClient
    {
        private readonly Task<Schema>[] _schemas =
            [.. Schemas.Select(schema => Task.FromResult(new Schema(schema.ToString(), SchemaType.Avro)))];

        Task<Schema> ISchemaRegistryClient.GetSchemaAsync(int id, string? format) => _schemas[id];

        Task<Schema> ISchemaRegistryClient.GetSchemaBySubjectAndIdAsync(string? subject, int id, string? format) =>
            _schemas[id];
    }
}
