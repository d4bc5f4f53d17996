using Checkout.Chassis.Operating;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Dapper;
using Xunit;

namespace Checkout.Chassis.Tests.Operating;

/// <summary>Somebody changed rows behind the events.</summary>
public sealed class ReplacingTests(Stage stage)
{
    [Fact]
    public async Task Wrong_rows_are_replaced_by_what_the_events_lead_to_and_it_is_kept_by_whom_and_why()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Enumerable.Range(0, 40).Select(i => ReactorLoopTests.Asked($"n{i % 8}", 1)));
        var before = await world.TotalsAsync();
        await using var connection = await world.Database.OpenConnectionAsync();
        await connection.ExecuteAsync("UPDATE tallies SET total = 999 WHERE name = 'n1'; "
            + "INSERT INTO tallies VALUES ('ghost', 5); DELETE FROM tallies WHERE name = 'n2'");
        var untouched = await VersionOfAsync(connection, "n3");

        var (code, said) = await RebuildAsync(world);
        Assert.True(code == 0, said);
        Assert.Equal(before, await world.TotalsAsync());
        Assert.Equal(untouched, await VersionOfAsync(connection, "n3"));
        var (who, why, takenOut, putIn) = await connection.QuerySingleAsync<(string, string, long, long)>(
            "SELECT who, why, taken_out, put_in FROM replacements");
        Assert.Equal(("anna", "n1 was changed by hand", 2L, 2L), (who, why, takenOut, putIn));

        (code, said) = await RebuildAsync(world);
        Assert.Equal(0, code);
        Assert.EndsWith("tallies: equal.\n", said, StringComparison.Ordinal);
        Assert.Equal(1, await connection.ExecuteScalarAsync<int>("SELECT count(*) FROM replacements"));
    }

    [Fact]
    public async Task While_traffic_goes_on_what_is_put_in_place_is_of_one_moment()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        using var stop = new CancellationTokenSource();
        var given = 0;
        var traffic = Task.Run(async () =>
        {
            for (; !stop.IsCancellationRequested; given += 2)
                await instance.HandleAsync(ReactorLoopTests.Asked($"n{given % 10}", 1),
                    ReactorLoopTests.Asked($"m{given}", 1));
        });
        await using var connection = await world.Database.OpenConnectionAsync();
        for (var round = 0; round < 3; round++)
        {
            await connection.ExecuteAsync("UPDATE tallies SET total = total + 1000 WHERE name = 'n2'");
            var (code, said) = await RebuildAsync(world);
            Assert.True(code == 0, said);
        }
        await stop.CancelAsync();
        await traffic;
        Assert.Equal(given, (await world.TotalsAsync()).Values.Sum());
        Assert.Empty(await world.ParkedAsync());
    }

    /// <summary>The version of the row in the database: another as soon as it was written.</summary>
    private static Task<string?> VersionOfAsync(Npgsql.NpgsqlConnection connection, string name) =>
        connection.ExecuteScalarAsync<string>("SELECT ctid::text || xmin::text FROM tallies WHERE name = @name",
            new { name });

    private static async Task<(int Code, string Said)> RebuildAsync(World world)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var rebuild = new Rebuild<TallyRows>(world.Table, world.ConnectionString);
        return (await rebuild.RunAsync(2, output, CancellationToken.None, new("anna", "n1 was changed by hand")),
            output.ToString());
    }
}
