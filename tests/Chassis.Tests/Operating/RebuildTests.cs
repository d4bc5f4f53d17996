using Checkout.Chassis.EventStore;
using Checkout.Chassis.Operating;
using Checkout.Chassis.State;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.EventStore;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Dapper;
using Xunit;

namespace Checkout.Chassis.Tests.Operating;

/// <summary>State made again from events, and compared.</summary>
public sealed class RebuildTests(Stage stage)
{
    [Fact]
    public async Task After_traffic_the_rebuilt_state_equals_the_live_one()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Enumerable.Range(0, 300).Select(i => Asked($"n{i % 40}", 100 + i)));
        var (code, said) = await RebuildAsync(world, workers: 3);
        Assert.Equal("Rebuilding tallies from 300 events with 3 workers.\ntallies: 40 rows, equal.\n", said);
        Assert.Equal(0, code);
        await using var connection = await world.Database.OpenConnectionAsync();
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>(
            "SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'shadow'"));
    }

    [Fact]
    public async Task While_traffic_goes_on_the_comparison_is_of_one_moment()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        using var stop = new CancellationTokenSource();
        var traffic = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
                await instance.HandleAsync(Asked($"n{i % 10}", 100), Asked($"m{i}", 100));
        });
        for (var round = 0; round < 3; round++)
        {
            var (code, said) = await RebuildAsync(world, workers: 2);
            Assert.True(code == 0, said);
        }
        await stop.CancelAsync();
        await traffic;
    }

    [Theory]
    [InlineData(
        "UPDATE tallies SET total = 999 WHERE name = 'n1'",
        """the service has {"name": "n1", "total": 999}, and its events lead to {"name": "n1", "total": 101}.""")]
    [InlineData("INSERT INTO tallies VALUES ('ghost', 5)",
        """the service has {"name": "ghost", "total": 5}, which its events do not lead to.""")]
    [InlineData("DELETE FROM tallies WHERE name = 'n2'",
        """the events lead to {"name": "n2", "total": 102}, which the service does not have.""")]
    public async Task A_row_that_was_changed_by_hand_is_named(string manipulation, string sentence)
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Enumerable.Range(0, 4).Select(i => Asked($"n{i}", 100 + i)));
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync(manipulation);
        var (code, said) = await RebuildAsync(world, workers: 2);
        Assert.Equal(1, code);
        Assert.EndsWith($"tallies: first difference: {sentence}\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Partitions_are_replayed_side_by_side_so_what_is_taken_may_come_before_what_was_added()
    {
        const int takers = 3_000;
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        // Many keys take one each of the same tally; what was added comes behind more than a page of other events, on
        // one partition.
        var events = Enumerable.Range(0, 4_500).Select(i => Event("gold", $"other{i % 3}", 1))
            .Append(Event("gold", "gold", takers + 1))
            .Concat(Enumerable.Range(0, takers).Select(i => Event($"taker{i}", "gold", -1))).ToList();
        await using (var connection = await instance.Database.OpenConnectionAsync())
        {
            await EventLog.AppendAsync(connection, events, CancellationToken.None);
            await connection.ExecuteAsync(
                "INSERT INTO tallies VALUES ('gold', 1), ('other0', 1500), ('other1', 1500), ('other2', 1500)");
        }
        var (code, said) = await RebuildAsync(world, workers: 4);
        Assert.Equal((0, "Rebuilding tallies from 7501 events with 4 workers.\ntallies: 4 rows, equal.\n"),
            (code, said));
    }

    [Fact]
    public async Task By_way_of_a_pool_that_drops_a_sessions_settings_the_live_rows_stay_as_they_are()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Enumerable.Range(0, 30).Select(i => Asked($"n{i % 4}", 100 + i)));
        var before = await TotalAsync(world);
        await using var pool = await PgBouncerServer.StartAsync(await stage.Postgres.ServerAsync(),
            ignored: "options,search_path");
        var (code, said) = await RebuildAsync(world, workers: 2, pool.Before(world.ConnectionString));
        Assert.Equal((0, before), (code, await TotalAsync(world)));
        Assert.EndsWith("tallies: 4 rows, equal.\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_rebuild_at_once_is_told_who_is_at_it_and_the_first_is_not_disturbed()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Enumerable.Range(0, 30).Select(i => Asked($"n{i % 4}", 100 + i)));
        await using var batch = await world.Database.OpenConnectionAsync();
        await using var transaction = await batch.BeginTransactionAsync();
        // The first can't copy the rows before this is over.
        await batch.ExecuteAsync("LOCK TABLE tallies IN ACCESS EXCLUSIVE MODE");
        var first = RebuildAsync(world, workers: 2);
        await using var look = await world.Database.OpenConnectionAsync();
        await Eventually.Until(() => look.ExecuteScalarAsync<bool>(
            """
            SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                AND application_name LIKE 'rebuild on %' AND wait_event_type = 'Lock')
            """), "the first is at it");
        var (code, said) = await RebuildAsync(world, workers: 2);
        Assert.Equal(1, code);
        Assert.StartsWith($"Another rebuild of this database is under way (rebuild on {Environment.MachineName}, "
            + $"process {Environment.ProcessId}, role ", said, StringComparison.Ordinal);
        await transaction.RollbackAsync();
        Assert.Equal(0, (await first).Code);
        Assert.Equal(0, (await RebuildAsync(world, workers: 2)).Code);
    }

    [Fact]
    public async Task Every_statement_about_the_rows_of_the_shadow_names_it()
    {
        await using var world = await World.NewAsync(stage);
        var rows = new Rows();
        world.Table.RowsOf(rows);
        foreach (var table in rows.Tables)
        {
            var trip = new RoundTrip();
            ((dynamic)new PostgresRows(trip, "shadow")).AddEvery((dynamic)table);
            Assert.All(trip.Statements, statement =>
                Assert.Contains($" shadow.{table.Name} ", statement.Sql, StringComparison.Ordinal));
        }
    }

    private static async Task<long> TotalAsync(World world)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("SELECT sum(total)::bigint FROM tallies");
    }

    private static Asked Asked(string name, long number) => ReactorLoopTests.Asked(name, number);

    private static NewEvent Event(string key, string name, long number) => StoreDatabase.NewEvent(key) with
    {
        Payload = EventCodec.Encode(new Counted { Name = name, Number = number, Total = 0 }),
    };

    private static async Task<(int Code, string Said)> RebuildAsync(World world, int workers,
        string? connectionString = null)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var rebuild = new Rebuild<TallyRows>(world.Table, connectionString ?? world.ConnectionString);
        return (await rebuild.RunAsync(workers, output, CancellationToken.None), output.ToString());
    }
}
