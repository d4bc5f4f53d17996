using Avro;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Checkout.Chassis.Tests.EventStore;

/// <summary>A database with an event store in it, and no reactor.</summary>
internal static class StoreDatabase
{
    public static readonly EventStoreOptions Options = new("tallies.told", "/tally/0", Partitions: 12);

    public static async Task<NpgsqlDataSource> NewAsync(Stage stage, int partitions = 12)
    {
        var database = Database.Open(await stage.Postgres.NewDatabaseAsync(), "test");
        await MigrateAsync(database, Options with { Partitions = partitions });
        return database;
    }

    public static Task MigrateAsync(NpgsqlDataSource database, EventStoreOptions options) =>
        new Migrations(NullLogger<Migrations>.Instance)
        .RunAsync(database, options, typeof(StoreDatabase).Assembly,
            [(RecordSchema)Counted.Written, (RecordSchema)Answered.Written], CancellationToken.None);

    public static NewEvent NewEvent(string key, Guid? id = null) => new()
    {
        EventId = id ?? Guid.CreateVersion7(),
        Key = key,
        Type = "Checkout.Chassis.Tests.Domain.Counted",
        OccurredAt = EventTime.Of(DateTime.UtcNow),
        Payload = EventCodec.Encode(new Counted { Name = key, Number = 1, Total = 1 }),
    };
}
