using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Registry;
using Checkout.Fixtures;
using Checkout.Inventory;
using Checkout.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Checkout.Deploy.Tests.Compose;

/// <summary>deploy/compose/databases.sql on a PostgreSQL of its own, and the registry in it.</summary>
public sealed class DatabasesTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private const string Schema = """{"type":"record","name":"Happened","namespace":"test","fields":[]}""";
    private const string Second = """{"type":"record","name":"Ended","namespace":"test","fields":[]}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_database_is_its_owners_and_LogTailer_replicates_and_sees_others_transactions()
    {
        foreach (var name in new[] { "store", "balance", "inventory" })
            Assert.Equal($"{name}_owner",
                await ScalarAsync($"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{name}'"));
        Assert.Equal(true, await ScalarAsync("SELECT pg_has_role('logtailer', 'pg_read_all_stats', 'member')"));
        Assert.Equal(false, await ScalarAsync("SELECT pg_has_role('logtailer', 'pg_read_all_data', 'member')"));
        Assert.Equal(true, await ScalarAsync("SELECT rolreplication FROM pg_roles WHERE rolname = 'logtailer'"));
        foreach (var (role, database, may) in new[] { ("store", "store", true), ("store", "balance", false),
            ("logtailer", "store", true), ("logtailer", "registry", false), ("balance_owner", "store", false) })
            Assert.Equal(may, await ScalarAsync($"SELECT has_database_privilege('{role}', '{database}', 'CONNECT')"));
    }

    [Theory]
    [InlineData("store")]
    [InlineData("balance")]
    [InlineData("inventory")]
    public async Task The_owner_migrates_and_the_service_serves_by_a_role_that_can_change_no_event(string service)
    {
        await (service switch
        {
            "store" => ServesAsync(StoreChoreography.Table),
            "balance" => ServesAsync(BalanceChoreography.Table),
            _ => ServesAsync(InventoryChoreography.Table),
        });
    }

    private async Task ServesAsync<TRows>(Choreography<TRows> table)
    {
        var environment = ComposeFile.Read().Services[$"migrate-{table.Service}"].Environment;
        var server = await postgres.ServerAsync();
        string Here(string connection) => new NpgsqlConnectionStringBuilder(environment[connection])
        { Host = "127.0.0.1", Port = server.Port }.ConnectionString;
        EventStoreOptions store = new(table.Topic, $"/{table.Service}/0", 12);
        List<Avro.RecordSchema> schemas = [.. table.ToldEvents.Select(told => told.Schema)];
        await using (var owner = Database.Open(Here("Database__MigrationConnectionString"), "migrate"))
            await new Migrations(NullLogger<Migrations>.Instance).RunAsync(owner, store, typeof(TRows).Assembly,
                schemas, Cancel, new(environment["Database__ServingRole"], environment["Database__TailerRole"]),
                table.DeclaredTables());
        await using var serving = Database.Open(Here("Database__ConnectionString"), table.Service);
        await using var connection = await serving.OpenConnectionAsync(Cancel);
        Assert.False(await StoreRoles.MayMigrateAsync(connection));
        await Migrations.MustBeMigratedAsync(connection, store, typeof(TRows).Assembly, schemas,
            table.DeclaredTables());
        await using var change = new NpgsqlCommand("DELETE FROM events", connection);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => change.ExecuteNonQueryAsync(Cancel));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task The_registry_keeps_its_schemas_and_their_ids_over_a_restart()
    {
        var server = await postgres.ServerAsync();
        var environment = ComposeFile.Read().Services["registry"].Environment.ToDictionary(e => e.Key,
            e => (string?)e.Value.Replace("//postgres:5432/", $"//127.0.0.1:{server.Port}/", StringComparison.Ordinal));
        int first, second;
        await using (var apicurio = await ApicurioServer.StartAsync(environment))
        {
            var registry = new SchemaRegistry(new() { Url = apicurio.Url });
            first = await registry.IdOfAsync("t-test.Happened", Schema, Cancel);
            second = await registry.IdOfAsync("t-test.Ended", Second, Cancel);
        }
        await using (var again = await ApicurioServer.StartAsync(environment))
        {
            var registry = new SchemaRegistry(new() { Url = again.Url });
            Assert.Contains("Ended", await registry.SchemaOfAsync(second, Cancel), StringComparison.Ordinal);
            Assert.Equal(second, await registry.IdOfAsync("t-test.Ended", Second, Cancel));
            Assert.Equal(first, await registry.IdOfAsync("t-test.Happened", Schema, Cancel));
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (await ScalarAsync("SELECT 1 FROM pg_roles WHERE rolname = 'logtailer'") is not null) return;
        // One by one, as the image's psql does: a database is made outside of transactions.
        foreach (var statement in ComposeFile.Text("deploy/compose/databases.sql").Split(";\n"))
            if (statement.Trim().Length > 0) await ScalarAsync(statement);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection((await postgres.ServerAsync()).ConnectionString());
        await connection.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancel);
    }
}
