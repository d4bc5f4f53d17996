using System.Net;
using System.Text.Json;
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

namespace Checkout.Simulation.Model;

/// <summary>The registry: every schema of the system has an id, and the services' own client asks for it.</summary>
public static class Wire
{
    private static readonly RecordSchema[] Schemas =
    [
        .. StoreChoreography.Table.Told.Select(told => told.Schema),
        .. BalanceChoreography.Table.Told.Select(told => told.Schema),
        .. InventoryChoreography.Table.Told.Select(told => told.Schema),
        (RecordSchema)GameRegistered._SCHEMA,
        (RecordSchema)DailyRewardClaimed._SCHEMA,
        (RecordSchema)AchievementCompleted._SCHEMA,
    ];

    private static readonly Dictionary<long, int> Ids = Schemas.Select((schema, id) =>
        (Key: BitConverter.ToInt64(EventCodec.Fingerprint(schema)), id))
        .ToDictionary(known => known.Key, known => known.id);

    private static readonly HttpClient Http = new(new Answers());

    public static RegistryClient Registry { get; } = new(Http, new() { Url = new("http://registry") });

    public static byte[] Frame(byte[] atRest) =>
        ConfluentFrame.FromSingleObject(atRest, SingleObject.TryReadFingerprint(atRest, out var fingerprint)
        ? Ids[fingerprint]
        : throw new SimulationStoppedException("an event at rest is not in single-object encoding"));

    /// <summary>An event of a store, from its bytes.</summary>
    public static ISpecificRecord Read<TRows>(StoredEvent e, Choreography<TRows> teller)
    {
        var told = teller.Told.Single(told => told.Schema.Fullname == e.Type);
        return EventCodec.Decode(e.Payload.AsMemory(SingleObject.HeaderBytes), told.Schema, told.Type);
    }

    private sealed class Answers : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            var id = int.Parse(request.RequestUri!.Segments[^1], System.Globalization.CultureInfo.InvariantCulture);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(JsonSerializer.Serialize(new { schema = Schemas[id].ToString() })),
            });
        }
    }
}
