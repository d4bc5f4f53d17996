using System.Reflection;
using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.State;
using Checkout.Fixtures;
using Checkout.Inventory;
using Checkout.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(Checkout.Services.Tests.Databases))]

namespace Checkout.Services.Tests;

/// <summary>A new database of each service, migrated and empty; and the rows that the service declares.</summary>
public sealed class Databases : IAsyncLifetime
{
    private readonly PostgresFixture _postgres = new();

    public static readonly TheoryData<string> Services = ["store", "balance", "inventory"];

    public async Task<(NpgsqlDataSource Database, Rows Declared)> NewAsync(string service) => service switch
    {
        "store" => await NewAsync(StoreChoreography.Table, typeof(StoreRows).Assembly),
        "balance" => await NewAsync(BalanceChoreography.Table, typeof(BalanceRows).Assembly),
        _ => await NewAsync(InventoryChoreography.Table, typeof(InventoryRows).Assembly),
    };

    private async Task<(NpgsqlDataSource Database, Rows Declared)> NewAsync<TRows>(Choreography<TRows> table,
        Assembly assembly)
    {
        var database = Database.Open(await _postgres.NewDatabaseAsync(table.Service), table.Service);
        await new Migrations(NullLogger<Migrations>.Instance).RunAsync(
            database, new(table.Topic, $"/{table.Service}/0", 12), assembly,
            table.ToldEvents.Select(told => told.Schema),
            CancellationToken.None);
        var declared = new Rows();
        table.RowsOf(declared);
        return (database, declared);
    }

    public ValueTask InitializeAsync() => _postgres.InitializeAsync();

    public ValueTask DisposeAsync() => _postgres.DisposeAsync();
}
