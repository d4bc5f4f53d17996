using Checkout.Chassis.Registry;
using Checkout.Fixtures;
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
    public async Task Each_service_owns_its_database_and_LogTailer_reads_all_and_sees_others_transactions()
    {
        foreach (var name in new[] { "store", "balance", "inventory", "registry" })
            Assert.Equal(name,
                await ScalarAsync($"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{name}'"));
        foreach (var right in new[] { "pg_read_all_data", "pg_read_all_stats" })
            Assert.Equal(true, await ScalarAsync($"SELECT pg_has_role('logtailer', '{right}', 'member')"));
        Assert.Equal(true, await ScalarAsync("SELECT rolreplication FROM pg_roles WHERE rolname = 'logtailer'"));
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
