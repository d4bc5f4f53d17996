using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.EventStore;

public sealed class DatabaseTests(Stage stage)
{
    [Fact]
    public async Task A_session_ends_transactions_left_open_and_compiles_nothing_unless_its_settings_say_otherwise()
    {
        var connectionString = await stage.Postgres.NewDatabaseAsync();
        Assert.Equal(("off", "30s", "store"), await SettingsAsync(connectionString));
        Assert.Equal(("on", "5s", "other"), await SettingsAsync(
            connectionString + ";Application Name=other;Options=-c jit=on -c idle_in_transaction_session_timeout=5s"));
    }

    [Fact]
    public void A_statement_without_an_answer_is_given_up_after_15_seconds_unless_the_connection_string_says_otherwise()
    {
        Assert.Equal((15, 5), Timeouts("Host=localhost;Database=store"));
        Assert.Equal((60, 7), Timeouts("Host=localhost;Database=store;Command Timeout=60;Timeout=7"));
    }

    [Fact]
    public void A_service_leaves_connections_to_others_unless_the_connection_string_says_otherwise()
    {
        Assert.Equal(20, MaxPoolSize("Host=localhost;Database=store"));
        Assert.Equal(50, MaxPoolSize("Host=localhost;Database=store;Maximum Pool Size=50"));
    }

    [Fact]
    public async Task What_the_driver_makes_of_a_statement_that_failed_when_it_was_prepared_is_an_outage_and_passes()
    {
        await using var database = Database.Open(
            await stage.Postgres.NewDatabaseAsync() + ";Maximum Pool Size=1", "test");
        Assert.Equal("a", await EchoAsync(database, "a"));
        // The second time it is prepared, and then its parameter is not taken: no text has a NUL.
        Assert.Equal("22021", (await Assert.ThrowsAsync<PostgresException>(() => EchoAsync(database, "\0"))).SqlState);
        var garbled = await Assert.ThrowsAnyAsync<Exception>(() => EchoAsync(database, "b"));
        Assert.StartsWith("Received unexpected backend message", garbled.Message, StringComparison.Ordinal);
        Assert.True(Outage.IsOutage(garbled));
        Assert.False(Outage.IsFaultOfData(garbled));
        Assert.Equal("b", await EchoAsync(database, "b"));
    }

    private static async Task<string> EchoAsync(NpgsqlDataSource database, string text)
    {
        await using var connection = await database.OpenConnectionAsync();
        return await connection.QuerySingleAsync<string>("SELECT @text", new { text });
    }

    [Theory]
    [InlineData("session", true, true)]
    [InlineData("session", false, false)]
    [InlineData("transaction", true, false)]
    public async Task A_pool_serves_where_it_is_in_session_mode_and_the_role_has_the_settings(string mode, bool onRole,
        bool serves)
    {
        var server = await stage.Postgres.ServerAsync();
        var connectionString = await stage.Postgres.NewDatabaseAsync();
        var role = $"r{Guid.NewGuid():N}";
        await using (var direct = new NpgsqlConnection(connectionString))
        {
            await direct.OpenAsync();
            await direct.ExecuteAsync($"CREATE ROLE {role} LOGIN");
            // As docs/operating.md has it.
            if (onRole) await direct.ExecuteAsync($"""
                ALTER ROLE {role} SET jit = off;
                ALTER ROLE {role} SET idle_in_transaction_session_timeout = '30s';
                ALTER ROLE {role} SET plan_cache_mode = force_generic_plan;
                ALTER ROLE {role} SET enable_seqscan = off;
                ALTER ROLE {role} SET enable_hashjoin = off;
                ALTER ROLE {role} SET enable_mergejoin = off;
                ALTER ROLE {role} SET checkout.session = 'kept';
                """);
        }
        await using var pool = await PgBouncerServer.StartAsync(server, "options", mode, role);
        await using var database = Database.Open(pool.Before(connectionString), "store");
        var judged = Database.MustKeepSessionsAsync(database, CancellationToken.None);
        if (serves) await judged;
        else await Assert.ThrowsAsync<UnusableDatabaseException>(() => judged);
    }

    private static int MaxPoolSize(string connectionString)
    {
        using var database = Database.Open(connectionString, "store");
        return new NpgsqlConnectionStringBuilder(database.ConnectionString).MaxPoolSize;
    }

    private static (int, int) Timeouts(string connectionString)
    {
        using var database = Database.Open(connectionString, "store");
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        return (settings.CommandTimeout, settings.Timeout);
    }

    private static async Task<(string, string, string)> SettingsAsync(string connectionString)
    {
        await using var database = Database.Open(connectionString, "store");
        await using var connection = await database.OpenConnectionAsync();
        return await connection.QuerySingleAsync<(string, string, string)>(
            "SELECT current_setting('jit'), current_setting('idle_in_transaction_session_timeout'), "
                + "current_setting('application_name')");
    }
}
