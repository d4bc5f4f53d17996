using Checkout.Chassis.EventStore;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.EventStore;

/// <summary>Roles of least privilege, on a real PostgreSQL.</summary>
public sealed class StoreRolesTests(Stage stage)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("UPDATE events SET payload = ''")]
    [InlineData("DELETE FROM events")]
    [InlineData("TRUNCATE events")]
    [InlineData("ALTER TABLE events ADD COLUMN more text")]
    [InlineData("DROP TABLE events")]
    [InlineData("UPDATE head SET topic = 'another'")]
    [InlineData("UPDATE head SET partitions = 1")]
    [InlineData("INSERT INTO schemas VALUES (decode('0000000000000000', 'hex'), 'n', 's')")]
    [InlineData("DELETE FROM migrations")]
    [InlineData("DELETE FROM handled")]
    [InlineData("UPDATE parked SET value = ''")]
    [InlineData("DELETE FROM freed")]
    [InlineData("DELETE FROM tallies")]
    [InlineData("UPDATE tallies SET name = 'another'")]
    [InlineData("CREATE TABLE mine (n int)")]
    [InlineData("CREATE SCHEMA mine")]
    [InlineData("ALTER PUBLICATION events DROP TABLE events")]
    public async Task The_serving_role_can_not(string sql)
    {
        await using var database = await RoledDatabase.NewAsync(stage);
        await database.MigrateAsync();
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await database.RefusalAsync(database.Serving, sql));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await database.RefusalAsync(database.Tailer, sql));
    }

    [Fact]
    public async Task A_service_does_all_that_it_does_by_a_role_that_may_only_serve()
    {
        await using var database = await RoledDatabase.NewAsync(stage);
        await using var world = await World.NewAsync(stage, connectionString: database.ConnectionString(
            database.Serving));
        await database.MigrateAsync(world.Store);
        var instance = await world.StartInstanceAsync();
        await world.Chain.TellAsync(ReactorLoopTests.Asked("anna", 5));
        await world.UntilTotalAsync("anna", 5);
        await instance.HandleAsync(ReactorLoopTests.Asked("anna", Tallies.Unlucky), ReactorLoopTests.Asked("anna", 2));
        Assert.Equal(2, (await world.ParkedAsync()).Count);
        var newer = await world.NewInstanceAsync(settings => settings.IsNewerCode = true);
        var output = new StringWriter();
        Assert.Equal(0,
            await newer.Parked.RedriveAsync(world.Chain.Topic, "anna", new("sre", "fixed"), output, Cancel));
        Assert.Equal(20, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task The_tailers_role_reads_the_event_store_and_nothing_of_the_state()
    {
        await using var database = await RoledDatabase.NewAsync(stage);
        await database.MigrateAsync();
        foreach (var table in new[] { "events", "head", "schemas" })
            Assert.Null(await database.RefusalAsync(database.Tailer, $"SELECT * FROM {table}"));
        foreach (var table in new[] { "tallies", "handled", "parked", "freed" })
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege,
                await database.RefusalAsync(database.Tailer, $"SELECT * FROM {table}"));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await database.RefusalAsync(database.Tailer,
            "INSERT INTO events SELECT * FROM events"));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await database.RefusalAsync(database.Tailer,
            "SELECT append_events('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')"));
    }

    [Fact]
    public async Task Who_serves_waits_until_the_owner_has_migrated_and_says_what_to_run()
    {
        await using var database = await RoledDatabase.NewAsync(stage);
        await using var source = Database.Open(database.ConnectionString(database.Serving), "test");
        var ready = database.ReadyOf(source);
        await ready.StartAsync(Cancel);
        await Eventually.Until(() => database.Lines.Contain("run the command migrate"), "it says what to run");
        var health = await ready.CheckHealthAsync(new(), Cancel);
        Assert.Contains($"Database:ServingRole={database.Serving}.", health.Description, StringComparison.Ordinal);
        Assert.False(ready.Migrated.IsCompleted);
        // A command does not wait.
        await Assert.ThrowsAsync<UnusableDatabaseException>(() => ready.MigrateAsync(Cancel));
        await database.MigrateAsync();
        await ready.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.True(ready.Migrated.IsCompletedSuccessfully);
        Assert.Equal("Healthy", $"{(await ready.CheckHealthAsync(new(), Cancel)).Status}");
        await ready.StopAsync(Cancel);
    }

    [Theory]
    [InlineData("REVOKE INSERT ON events FROM {0}", "it does not give this role INSERT ON events")]
    [InlineData("REVOKE UPDATE ON tallies FROM {0}", "it does not give this role UPDATE (total) ON tallies")]
    [InlineData("REVOKE ALL ON migrations FROM {0}", "permission denied for table migrations")]
    [InlineData("DELETE FROM migrations WHERE scriptname LIKE '%9001%'", "it lacks 9001_tallies.sql")]
    [InlineData("DELETE FROM schemas", "it lacks this version's schema of ")]
    public async Task What_is_missing_is_named(string change, string sentence)
    {
        await using var database = await RoledDatabase.NewAsync(stage);
        await database.MigrateAsync();
        await database.ExecuteAsync(string.Format(null, change, database.Serving));
        await using var source = Database.Open(database.ConnectionString(database.Serving), "test");
        var refusal = await Assert.ThrowsAsync<UnusableDatabaseException>(() =>
            database.ReadyOf(source).MigrateAsync(Cancel));
        Assert.Contains(sentence, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_that_may_not_migrate_is_told_who_may()
    {
        await using var database = await RoledDatabase.NewAsync(stage);
        await database.MigrateAsync();
        var refusal = await Assert.ThrowsAsync<UnusableDatabaseException>(() =>
            database.MigrateAsync(role: database.Serving));
        Assert.Contains("Database:MigrationConnectionString", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tables_of_later_migrations_get_their_rights_and_what_else_was_given_is_taken()
    {
        await using var database = await RoledDatabase.NewAsync(stage);
        await database.ExecuteAsync(
            $"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {database.Serving}", database.Name);
        await database.MigrateAsync();
        const string change = "UPDATE events SET payload = ''";
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await database.RefusalAsync(database.Serving, change));
        await database.ExecuteAsync($"GRANT UPDATE (payload) ON events TO {database.Serving}; "
            + $"REVOKE ALL ON tallies FROM {database.Serving}");
        Assert.Null(await database.RefusalAsync(database.Serving, change));
        await database.MigrateAsync();
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await database.RefusalAsync(database.Serving, change));
        Assert.Null(await database.RefusalAsync(database.Serving, "UPDATE tallies SET total = 1"));
    }

    [Fact]
    public async Task A_store_whose_owner_was_the_service_gets_roles_and_goes_on()
    {
        await using var database = await RoledDatabase.NewAsync(stage);
        await database.MigrateAsync(roles: StoreRoles.None);
        // Until now the owner served; from now on another role does, with what is there.
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege,
            await database.RefusalAsync(database.Serving, "SELECT * FROM events"));
        await database.MigrateAsync();
        await using var source = Database.Open(database.ConnectionString(database.Serving), "test");
        await database.ReadyOf(source).MigrateAsync(Cancel);
        // Its owner may serve and migrate still.
        await using var owner = Database.Open(database.ConnectionString(database.Name), "test");
        await database.ReadyOf(owner, roles: StoreRoles.None).MigrateAsync(Cancel);
    }

    [Fact]
    public async Task A_role_that_is_missing_or_owns_the_store_is_refused_with_a_sentence()
    {
        await using var database = await RoledDatabase.NewAsync(stage);
        var missing = await Assert.ThrowsAsync<UnusableDatabaseException>(() =>
            database.MigrateAsync(roles: new("nobody; DROP TABLE events", null)));
        Assert.Contains("there is no such role", missing.Message, StringComparison.Ordinal);
        var owner = await Assert.ThrowsAsync<UnusableDatabaseException>(() =>
            database.MigrateAsync(roles: new(null, database.Name)));
        Assert.Contains($"Database:TailerRole is {database.Name}, which owns the tables", owner.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_owner_rebuilds_and_who_serves_can_not()
    {
        await using var database = await RoledDatabase.NewAsync(stage);
        await using var world = await World.NewAsync(stage, connectionString: database.ConnectionString(
            database.Serving));
        await database.MigrateAsync(world.Store);
        await (await world.NewInstanceAsync()).HandleAsync(ReactorLoopTests.Asked("anna", 2));
        var output = new StringWriter();
        Assert.Equal(0, await new Rebuild<TallyRows>(world.Table, database.ConnectionString(database.Name))
            .RunAsync(1, output, Cancel));
        Assert.Contains("tallies: 1 rows, equal.", output.ToString(), StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<PostgresException>(() =>
            new Rebuild<TallyRows>(world.Table, database.ConnectionString(database.Serving))
                .RunAsync(1, output, Cancel));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }
}
