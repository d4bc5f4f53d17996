using Avro;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.EventStore;

public sealed class MigrationsTests(Stage stage)
{
    [Fact]
    public async Task An_empty_database_becomes_a_store_and_a_second_run_changes_nothing()
    {
        await using var database = await StoreDatabase.NewAsync(stage);
        var first = await ContentsAsync(database);
        await StoreDatabase.MigrateAsync(database, StoreDatabase.Options);
        Assert.Equal(first, await ContentsAsync(database));
        Assert.Equal(("tallies.told", "/tally/0", 12, 0L, 4L, 2L), first);
    }

    [Fact]
    public async Task Instances_that_start_at_once_migrate_one_after_the_other()
    {
        var connectionString = await stage.Postgres.NewDatabaseAsync();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            await using var database = Database.Open(connectionString, "test");
            await StoreDatabase.MigrateAsync(database, StoreDatabase.Options);
        }));
        await using var after = Database.Open(connectionString, "test");
        Assert.Equal(("tallies.told", "/tally/0", 12, 0L, 4L, 2L), await ContentsAsync(after));
    }

    [Theory]
    [InlineData("other.topic", "/tally/0", 12)]
    [InlineData("tallies.told", "/tally/1", 12)]
    [InlineData("tallies.told", "/tally/0", 6)]
    public async Task A_store_under_other_settings_is_refused_with_a_sentence(string topic, string source,
        int partitions)
    {
        await using var database = await StoreDatabase.NewAsync(stage);
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            StoreDatabase.MigrateAsync(database, new(topic, source, partitions)));
        Assert.Contains("This database is the event store of topic tallies.told, source /tally/0, 12 partitions",
            refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"{topic}, {source}, {partitions}", refusal.Message, StringComparison.Ordinal);
        await StoreDatabase.MigrateAsync(database, StoreDatabase.Options);
    }

    [Fact]
    public async Task A_role_that_needs_its_password_migrates_too_and_waits_while_it_has_no_connection_left()
    {
        var server = await stage.Postgres.ServerAsync();
        var role = $"r{Guid.NewGuid():N}";
        await using var admin = NpgsqlDataSource.Create(server.ConnectionString());
        await using var connection = await admin.OpenConnectionAsync(CancellationToken.None);
        await connection.ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'secret' CONNECTION LIMIT 1");
        await connection.ExecuteAsync($"CREATE DATABASE {role} OWNER {role}");
        var hba = Path.Combine(server.DataDirectory, "pg_hba.conf");
        await File.WriteAllTextAsync(hba,
            $"host all {role} 127.0.0.1/32 scram-sha-256\n" + await File.ReadAllTextAsync(hba));
        await connection.ExecuteAsync("SELECT pg_reload_conf()");

        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionString(role))
        {
            Username = role,
            Password = "secret"
        };
        await using var database = Database.Open(settings.ConnectionString, "test");
        var lines = new LogLines();
        var migrated = ReadyOf(database, lines).MigrateAsync(CancellationToken.None);
        await Eventually.Until(() => lines.Contain("too many connections")
            || migrated.IsCompleted, "the second connection is refused");
        Assert.False(migrated.IsCompleted, $"{migrated.Exception?.Message}");
        await connection.ExecuteAsync($"ALTER ROLE {role} CONNECTION LIMIT -1");
        await migrated;
        Assert.Equal(("tallies.told", "/tally/0", 12, 0L, 4L, 2L), await ContentsAsync(database));
    }

    [Fact]
    public async Task A_connection_lost_in_the_middle_of_the_migration_is_an_outage_and_waited_out()
    {
        var lines = new LogLines();
        await using var database = await StoreDatabase.NewAsync(stage);
        await using var holder = await database.OpenConnectionAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await holder.ExecuteAsync("LOCK TABLE head");
        var migrated = ReadyOf(database, lines).MigrateAsync(CancellationToken.None);
        await Eventually.Until(async () => await holder.ExecuteScalarAsync<long>(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'relation'
            """) > 0,
            "the migration waits for the head and loses its connection");
        await Eventually.Until(() => lines.Contain("The database does not answer yet")
            || migrated.IsCompleted, "the outage is told");
        await transaction.CommitAsync();
        await migrated;
    }

    private static DatabaseReady ReadyOf(NpgsqlDataSource database, LogLines lines)
    {
        var loggers = new LoggerFactory([lines]);
        return new(database, new(new Logger<Migrations>(loggers)), StoreDatabase.Options,
            typeof(StoreDatabase).Assembly,
            [(RecordSchema)Counted.Written, (RecordSchema)Answered.Written], new Logger<DatabaseReady>(loggers));
    }

    private static async Task<(string, string, int, long, long, long)> ContentsAsync(NpgsqlDataSource database)
    {
        await using var connection = await database.OpenConnectionAsync();
        return await connection.QuerySingleAsync<(string, string, int, long, long, long)>(
            "SELECT topic, source, partitions, position, (SELECT count(*) FROM migrations), (SELECT count(*) FROM "
                + "schemas) FROM head");
    }
}
