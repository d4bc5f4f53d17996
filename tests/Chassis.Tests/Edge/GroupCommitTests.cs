using System.Diagnostics;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.Servers;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

/// <summary>Concurrent requests share transactions; what is wrong with one is no other's business.</summary>
public sealed class GroupCommitTests(Stage stage)
{
    [Fact]
    public async Task Requests_that_wait_together_share_a_transaction_and_each_has_its_own_answer()
    {
        const int requests = 200;
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var answers = Enumerable.Range(0, requests).Select(i => SubmitAsync(instance, $"n{i % 9}", 1_000 + i)).ToList();
        await instance.Edge.StartAsync(CancellationToken.None);
        var committed = await Task.WhenAll(answers);
        Assert.Equal(Enumerable.Range(0, requests).Select(i => 1_000L + i),
            committed.Select(c => ((Counted)Assert.Single(c.Events)).Number));
        Assert.All(committed, c => Assert.NotNull(c.Rows.Tallies[((Counted)c.Events[0]).Name]));
        Assert.Equal(requests, (await world.EventsAsync()).Count);
        Assert.InRange(await TransactionsAsync(world), 1, 2);
    }

    [Fact]
    public async Task Requests_that_come_one_by_one_are_transactions_of_their_own()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.Edge.StartAsync(CancellationToken.None);
        for (var i = 0; i < 20; i++) await SubmitAsync(instance, "anna", 1);
        Assert.Equal(20, await TransactionsAsync(world));
    }

    [Fact]
    public async Task Many_at_once_from_many_instances_are_all_durable_when_they_are_answered()
    {
        await using var world = await World.NewAsync(stage);
        Instance[] instances = [await world.NewInstanceAsync(), await world.NewInstanceAsync()];
        foreach (var instance in instances) await instance.Edge.StartAsync(CancellationToken.None);
        // New tallies and old ones, by both: unique violations and lock waits in each other's way.
        await Task.WhenAll(Enumerable.Range(0, 400)
            .Select(i => Task.Run(() => SubmitAsync(instances[i % 2], $"n{i / 8}", 1))));
        Assert.Equal(Enumerable.Range(0, 50).ToDictionary(i => $"n{i}", _ => 8L), await world.TotalsAsync());
        Assert.InRange(await TransactionsAsync(world), 1, 399);
    }

    [Fact]
    public async Task A_request_whose_decision_throws_or_whose_data_is_refused_fails_alone()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var good = SubmitAsync(instance, "anna", 1);
        var throwing = SubmitAsync(instance, "anna", Tallies.Unlucky);
        var refused = SubmitAsync(instance, "ben", -5);
        var unstorable = SubmitAsync(instance, "be\0n", 5);
        var last = SubmitAsync(instance, "anna", 2);
        await instance.Edge.StartAsync(CancellationToken.None);
        await Task.WhenAll(good, last);
        await Assert.ThrowsAsync<ArgumentException>(() => throwing);
        Assert.Equal("a_tally_is_not_below_zero",
            (await Assert.ThrowsAsync<PostgresException>(() => refused)).ConstraintName);
        Assert.Equal("22021", (await Assert.ThrowsAsync<PostgresException>(() => unstorable)).SqlState);
        Assert.Equal(new() { ["anna"] = 3 }, await world.TotalsAsync());
    }

    [Fact]
    public async Task The_same_request_again_does_not_happen_twice()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.Edge.StartAsync(CancellationToken.None);
        var seed = Guid.CreateVersion7();
        await instance.Edge.SubmitAsync(new Add("anna", 1), seed, CancellationToken.None);
        var refusal = await Assert.ThrowsAsync<PostgresException>(() =>
            instance.Edge.SubmitAsync(new Add("anna", 1), seed, CancellationToken.None));
        Assert.Equal("an_event_happens_once", refusal.ConstraintName);
        Assert.Equal(1, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task While_the_database_is_away_every_request_is_told_and_afterwards_they_are_taken_again()
    {
        using var folder = new TestFolder("edge");
        var settings = new PostgresSettings { DataDirectory = folder["data"], LogFile = folder["log"], Fsync = false };
        var server = await PostgresServer.StartAsync(settings);
        try
        {
            await using var world = await World.NewAsync(stage,
                connectionString: await server.CreateDatabaseAsync("tally"));
            var instance = await world.NewInstanceAsync();
            await instance.Edge.StartAsync(CancellationToken.None);
            await Task.WhenAll(Enumerable.Range(0, 20).Select(i => SubmitAsync(instance, $"n{i}", 1)));

            await server.StopAsync();
            foreach (var refused in Enumerable.Range(0, 20).Select(i => SubmitAsync(instance, $"n{i}", 1)).ToList())
                Assert.True(Outage.IsOutage(await Assert.ThrowsAnyAsync<Exception>(() => refused)));
            server = await PostgresServer.StartAsync(settings with { Port = server.Port });
            world.Database.Clear();
            await Task.WhenAll(Enumerable.Range(0, 20).Select(i => SubmitAsync(instance, $"n{i}", 1)));
            Assert.Equal(40, (await world.EventsAsync()).Count);
        }
        finally
        {
            await server.DisposeAsync();
            if (Directory.Exists(server.DataDirectory)) Directory.Delete(server.DataDirectory, recursive: true);
        }
    }

    [Fact]
    public async Task While_the_database_holds_a_group_up_its_requests_are_told_in_time_and_may_happen_later()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.Edge.StartAsync(CancellationToken.None);
        await using var locking = await world.Database.OpenConnectionAsync();
        await using (await locking.BeginTransactionAsync())
        {
            await locking.ExecuteAsync("LOCK TABLE head IN ACCESS EXCLUSIVE MODE");
            var began = Stopwatch.GetTimestamp();
            Assert.True(Outage.IsOutage(await Assert.ThrowsAsync<TimeoutException>(() =>
                SubmitAsync(instance, "anna", 1))));
            Assert.InRange(Stopwatch.GetElapsedTime(began), InTime.Limit - TimeSpan.FromMilliseconds(50),
                TimeSpan.FromSeconds(3));
        }
        await Eventually.Until(async () => (await world.TotalsAsync()).GetValueOrDefault("anna") == 1,
            "what was in a group already is committed");
    }

    [Fact]
    public async Task What_was_given_up_before_it_was_in_a_group_does_not_happen()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await Assert.ThrowsAsync<TimeoutException>(() => SubmitAsync(instance, "anna", 1));
        using var gone = new CancellationTokenSource();
        var leaving = instance.Edge.SubmitAsync(new Add("ben", 1), Guid.CreateVersion7(), gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);

        await instance.Edge.StartAsync(CancellationToken.None);
        await SubmitAsync(instance, "cora", 1);
        Assert.Equal(new() { ["cora"] = 1 }, await world.TotalsAsync());
    }

    private static Task<Committed<TallyRows>> SubmitAsync(Instance instance, string name, long number) =>
        instance.Edge.SubmitAsync(new Add(name, number), Guid.CreateVersion7(), CancellationToken.None);

    private static async Task<int> TransactionsAsync(World world)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<int>("SELECT count(DISTINCT xmin::text) FROM events");
    }
}
