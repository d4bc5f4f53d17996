using Checkout.Chassis.Operating;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Dapper;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Checkout.Chassis.Tests.Operating;

/// <summary>Somebody changes rows behind the events, and the service says so by itself.</summary>
public sealed class StateComparisonTests(Stage stage)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_row_that_is_changed_added_or_taken_away_is_told_until_it_is_right_again()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Enumerable.Range(0, 40).Select(i => ReactorLoopTests.Asked($"n{i % 8}", 1)));
        using var comparison = New(world, instance);
        await comparison.StartAsync(Cancel);
        await RoundAsync(comparison);
        Assert.Equal(HealthStatus.Healthy, (await HealthAsync(comparison)).Status);
        await using var connection = await world.Database.OpenConnectionAsync(Cancel);
        foreach (var (wrong, right, said) in new[]
        {
            ("UPDATE tallies SET total = total + 1000 WHERE name = 'n1'",
                "UPDATE tallies SET total = total - 1000 WHERE name = 'n1'", "and its events lead to"),
            ("INSERT INTO tallies VALUES ('zz', 5)", "DELETE FROM tallies WHERE name = 'zz'",
                "which its events do not lead to"),
            ("UPDATE tallies SET name = 'zz' WHERE name = 'n7'", "UPDATE tallies SET name = 'n7' WHERE name = 'zz'",
                "which the service does not have"),
        })
        {
            await connection.ExecuteAsync(wrong);
            await Eventually.Until(async () => (await HealthAsync(comparison)).Status == HealthStatus.Degraded,
                "it is told");
            var description = (await HealthAsync(comparison)).Description;
            Assert.Contains("tallies: ", description, StringComparison.Ordinal);
            Assert.Contains(said, description, StringComparison.Ordinal);
            Assert.Equal(1, instance.Readings.Gauge("state.differs"));
            Assert.NotNull(comparison.Progress!.Difference);
            await connection.ExecuteAsync(right);
            await Eventually.Until(async () => (await HealthAsync(comparison)).Status == HealthStatus.Healthy,
                "it is right again");
        }
        Assert.Equal(0, instance.Readings.Gauge("state.differs"));
        await comparison.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Events_that_were_away_and_are_there_again_accuse_nobody()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Enumerable.Range(0, 9).Select(i => ReactorLoopTests.Asked($"n{i}", 1)));
        await using var connection = await world.Database.OpenConnectionAsync(Cancel);
        await connection.ExecuteAsync("CREATE TABLE aside AS SELECT * FROM events WHERE position = 4; "
            + "DELETE FROM events WHERE position = 4");
        using var comparison = New(world, instance);
        await comparison.StartAsync(Cancel);
        await Eventually.Until(async () => (await HealthAsync(comparison)).Status == HealthStatus.Degraded,
            "a row is there that the events do not lead to");
        await connection.ExecuteAsync("INSERT INTO events SELECT * FROM aside");
        await Eventually.Until(async () => (await HealthAsync(comparison)).Status == HealthStatus.Healthy,
            "they lead to it again");
        await comparison.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task The_last_of_more_rows_than_a_page_is_compared_too()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        const int Rows = 2 * FollowedState<TallyRows>.Page + 10;
        await instance.HandleAsync(Enumerable.Range(0, Rows).Select(i => ReactorLoopTests.Asked($"n{i:D5}", 1)));
        using var comparison = New(world, instance);
        await comparison.StartAsync(Cancel);
        await RoundAsync(comparison);
        await using var connection = await world.Database.OpenConnectionAsync(Cancel);
        await connection.ExecuteAsync("DELETE FROM tallies WHERE name = (SELECT max(name) FROM tallies)");
        await Eventually.Until(async () => (await HealthAsync(comparison)).Description?.Contains($"n{Rows - 1:D5}",
            StringComparison.Ordinal) == true, "it is told");
        await comparison.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task While_rows_change_by_events_nobody_is_accused_and_it_keeps_up()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        using var comparison = New(world, instance);
        await comparison.StartAsync(Cancel);
        for (var i = 0; i < 400; i++)
        {
            await instance.HandleAsync(ReactorLoopTests.Asked($"n{i % 7}", 1), ReactorLoopTests.Asked($"m{i}", 1));
            Assert.Equal(HealthStatus.Healthy, (await HealthAsync(comparison)).Status);
        }
        await using var connection = await world.Database.OpenConnectionAsync(Cancel);
        var head = await connection.QuerySingleAsync<long>("SELECT position FROM head");
        await Eventually.Until(() => comparison.Progress?.Position == head, "it has got to the head");
        await RoundAsync(comparison);
        Assert.Null(comparison.Progress!.Difference);
        await comparison.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task One_of_two_instances_compares()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        using StateComparison<TallyRows> one = New(world, instance), other = New(world, instance);
        await one.StartAsync(Cancel);
        await RoundAsync(one);
        await other.StartAsync(Cancel);
        await RoundAsync(one);
        Assert.Null(other.Progress);
        await one.StopAsync(CancellationToken.None);
        await Eventually.Until(() => other.Progress is not null, "the other one goes on");
        await other.StopAsync(CancellationToken.None);
    }

    private static StateComparison<TallyRows> New(World world, Instance instance) => new(world.Table,
        world.ConnectionString, instance.Ready, instance.Hold, instance.Meters, TimeProvider.System,
        NullLogger<StateComparison<TallyRows>>.Instance);

    private static Task<HealthCheckResult> HealthAsync(StateComparison<TallyRows> comparison) =>
        comparison.CheckHealthAsync(new(), Cancel);

    /// <summary>Until all rows have been compared once more.</summary>
    private static async Task RoundAsync(StateComparison<TallyRows> comparison)
    {
        await Eventually.Until(() => comparison.Progress is not null, "it has begun");
        var before = comparison.Progress!.At;
        await Eventually.Until(() => comparison.Progress?.At > before + TimeSpan.FromMilliseconds(100),
            "a round is over");
    }
}
