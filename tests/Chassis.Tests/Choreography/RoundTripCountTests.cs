using System.Collections.Concurrent;
using System.Diagnostics;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.Choreography;

/// <summary>
/// What goes to PostgreSQL and back, counted by Npgsql's own activities: one for each command, or batch of them.
/// </summary>
public sealed class RoundTripCountTests(Stage stage)
{
    [Fact]
    public async Task A_batch_of_records_is_two_round_trips_however_many_they_are()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(ReactorLoopTests.Asked("anna", 1));
        var trips = await CountAsync(world,
            () => instance.HandleAsync(Enumerable.Range(0, 200)
                .Select(i => ReactorLoopTests.Asked($"n{i % 7}", 100 + i))));
        Assert.Equal(2, trips.Count);
        Assert.Equal(201, (await world.EventsAsync()).Count);
    }

    [Fact]
    public async Task A_group_of_requests_is_two_round_trips()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var works = Enumerable.Range(0, 50)
            .Select(i => world.Table.WorkOf(new Add($"n{i % 7}", 1), Guid.CreateVersion7())).ToList();
        Assert.Equal(2,
            (await CountAsync(world, () => instance.Transactions.RunAsync(works, CancellationToken.None))).Count);
        Assert.Equal(50, (await world.EventsAsync()).Count);
    }

    [Fact]
    public async Task Redriving_is_three_round_trips_an_event_and_one_that_finds_nothing_more()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var old = await world.NewInstanceAsync();
        await old.HandleAsync(ReactorLoopTests.Asked("anna", Tallies.Unlucky), ReactorLoopTests.Asked("anna", 2));
        var newer = await world.NewInstanceAsync(settings => settings.IsNewerCode = true);
        var trips = await CountAsync(world,
            () => newer.Parked.RedriveAsync(world.Chain.Topic, "anna", new("sre", "fixed"), TextWriter.Null,
                CancellationToken.None));
        // And ROLLBACK, where nothing was found.
        Assert.InRange(trips.Count, 7, 8);
        Assert.Equal(15, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task Plans_and_prepared_statements_outlive_a_use_of_the_connection()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        for (var i = 0; i < 4; i++) await instance.HandleAsync(ReactorLoopTests.Asked("anna", 1));
        await using var command = instance.Database.CreateCommand(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM tallies%' AND generic_plans > 0");
        Assert.Equal(1L, await command.ExecuteScalarAsync());
    }

    private static async Task<IReadOnlyCollection<string>> CountAsync(World world, Func<Task> work)
    {
        var database = new NpgsqlConnectionStringBuilder(world.ConnectionString).Database!;
        var seen = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                // Other tests have databases of their own, in the same process.
                if (activity.TagObjects.Any(tag => tag.Value is string text
                    && text.Contains(database, StringComparison.Ordinal))) seen.Enqueue(activity.DisplayName);
            },
        };
        ActivitySource.AddActivityListener(listener);
        await work();
        return seen;
    }
}
