using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Dapper;
using Xunit;

namespace Checkout.Chassis.Tests.Operating;

/// <summary>What an operator does with parked events.</summary>
public sealed class ParkedCommandsTests(Stage stage)
{
    private const long Unlucky = Tallies.Unlucky;

    [Fact]
    public async Task What_is_parked_is_listed_with_its_place_and_reason()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        Assert.Equal("0 parked.\n", await ListAsync(instance));
        await instance.HandleAsync(Asked("anna", 1), Asked("anna", Unlucky), Asked("anna", 2));
        var lines = (await ListAsync(instance)).Split('\n');
        Assert.Contains($"\t{world.Chain.Topic}/0 position 2\tkey anna\tsince ", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("\tcount threw ArgumentException: 13 is not counted.", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("\tan earlier event of its key is parked", lines[1], StringComparison.Ordinal);
        Assert.Equal("2 parked.", lines[^2]);
    }

    [Fact]
    public async Task Redriven_events_are_handled_in_order_and_who_and_why_is_kept()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var old = await world.NewInstanceAsync();
        await old.HandleAsync(Asked("anna", 1), Asked("anna", Unlucky), Asked("ben", Unlucky), Asked("anna", 2),
            Asked("anna", 3));
        var newer = await world.NewInstanceAsync(settings => settings.IsNewerCode = true);
        Assert.Equal((0, "3 redriven, nothing is left.\n"), await RedriveAsync(world, newer));
        Assert.Equal([1L, 14L, 16L, 19L], (await world.CountedAsync("anna")).Select(e => e.Total));
        Assert.Equal("ben", Assert.Single(await world.ParkedAsync()).Key);
        await using var connection = await world.Database.OpenConnectionAsync();
        Assert.Equal(
            [(2L, "redrive", "sre", "fixed"), (4L, "redrive", "sre", "fixed"), (5L, "redrive", "sre", "fixed")],
            await connection.QueryAsync<(long, string, string, string)>(
                "SELECT position, action, who, why FROM freed ORDER BY position"));
        await newer.HandleAsync(Asked("anna", 100));
        Assert.Equal(119, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task Redriving_stops_at_the_first_that_still_can_not_be_handled_and_those_before_it_are_done()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var old = await world.NewInstanceAsync();
        await old.HandleAsync(Asked("anna", Unlucky), Asked("anna", 2), Asked("anna", -100), Asked("anna", 3));
        Assert.Equal(
            (1, $"0 redriven.\n{world.Chain.Topic} position 1 still can't be handled: count threw ArgumentException: "
                + "13 is not counted.\n"), await RedriveAsync(world, old));

        var newer = await world.NewInstanceAsync(settings => settings.IsNewerCode = true);
        var (code, said) = await RedriveAsync(world, newer);
        Assert.Equal(1, code);
        Assert.StartsWith($"2 redriven.\n{world.Chain.Topic} position 3 still can't be handled: ", said,
            StringComparison.Ordinal);
        Assert.Contains("a_tally_is_not_below_zero", said, StringComparison.Ordinal);
        Assert.Equal(15, (await world.TotalsAsync())["anna"]);

        Assert.Equal((0, "Discarded position 3; 1 behind it: redrive them.\n"), await DiscardAsync(world, newer));
        Assert.Equal((0, "1 redriven, nothing is left.\n"), await RedriveAsync(world, newer));
        Assert.Equal(18, (await world.TotalsAsync())["anna"]);
        await using var connection = await world.Database.OpenConnectionAsync();
        Assert.Equal((3L, "discard", "sre", "useless"),
            await connection.QuerySingleAsync<(long, string, string, string)>(
            "SELECT position, action, who, why FROM freed WHERE action = 'discard'"));
    }

    [Fact]
    public async Task An_answer_to_what_is_still_unknown_stops_redriving_with_a_sentence()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync(settings => settings.Reactor.LongestWait = TimeSpan.Zero);
        await instance.HandleAsync(new Confirmed { Name = "anna" });
        Assert.Equal(
            (1, $"0 redriven.\n{world.Chain.Topic} position 1 still can't be handled: The tally anna is not known "
                + "here (yet).\n"), await RedriveAsync(world, instance));
    }

    [Fact]
    public async Task A_foreign_record_that_an_older_version_parked_is_discarded_by_its_key()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync(
                """
                INSERT INTO parked (topic, partition, position, key, headers, reason, blocks)
                VALUES (@Topic, 0, 7, 'anna', '{}', 'it has not all of the headers', false)
                """, new { world.Chain.Topic });
        var (code, said) = await RedriveAsync(world, instance);
        Assert.Equal(1, code);
        Assert.Contains("LogTailer did not write it, so it stands for no event: discard it", said,
            StringComparison.Ordinal);
        Assert.Equal(0, (await DiscardAsync(world, instance)).Code);
        Assert.Empty(await world.ParkedAsync());
    }

    [Fact]
    public async Task Facts_without_a_chain_are_redriven_past_those_that_still_can_not_be_handled()
    {
        await using var world = await World.NewAsync(stage);
        var old = await world.NewInstanceAsync();
        foreach (var number in new[] { Unlucky, -100L, Unlucky })
            await old.Handling.HandleAsync(
                [world.Chain.Received(await world.Chain.NumberAsync(new Tipped
                {
                    Name = "anna", Number = number, Reference = Guid.NewGuid().ToString(),
                })) with { Topic = world.Facts }], CancellationToken.None);
        Assert.Equal(3, (await world.ParkedAsync()).Count);
        var newer = await world.NewInstanceAsync(settings => settings.IsNewerCode = true);
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(1, await newer.Parked.RedriveAsync(world.Facts, "anna", new("sre", "fixed"), output,
            CancellationToken.None));
        Assert.Contains("a_tally_is_not_below_zero", output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("2 redriven, 1 are left.\n", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(26, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task A_registry_that_is_away_stops_redriving_with_a_sentence()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        using var registry = new SwitchedRegistry();
        var instance = await world.NewInstanceAsync(settings => settings.Registry = registry.NewClient(stage));
        var record = await world.Chain.NumberAsync(Asked("anna", 1));
        await instance.Pass.RunAsync([world.Chain.Received(record)], new(ParkAs: "for the test"),
            CancellationToken.None);
        registry.IsDown = true;
        var (code, said) = await RedriveAsync(world, instance);
        Assert.Equal(1, code);
        Assert.Contains("still can't be handled: The registry at", said, StringComparison.Ordinal);
        registry.IsDown = false;
        Assert.Equal((0, "1 redriven, nothing is left.\n"), await RedriveAsync(world, instance));
    }

    [Fact]
    public async Task Nothing_parked_of_a_key_is_said()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        var sentence = $"Nothing is parked of key anna on {world.Chain.Topic}.\n";
        Assert.Equal((1, sentence), await RedriveAsync(world, instance));
        Assert.Equal((1, sentence), await DiscardAsync(world, instance));
    }

    [Fact]
    public async Task What_arrives_while_its_key_is_redriven_comes_after_and_is_not_left_behind()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync(settings => settings.IsNewerCode = true);
        var old = await world.NewInstanceAsync();
        await old.HandleAsync(Asked("anna", 1), Asked("anna", Unlucky), Asked("anna", 2));
        Task<(int, string)> redriving;
        Task arriving;
        await using (await ReactorLoopTests.HoldAsync(world, "anna"))
        {
            redriving = RedriveAsync(world, instance);
            await Eventually.Until(async () => await ReactorLoopTests.WaitingForLocksAsync(world) == 1,
                "the redrive waits for the tally");
            arriving = old.HandleAsync(Asked("anna", 100));
            await Eventually.Until(async () => await ReactorLoopTests.WaitingForLocksAsync(world) == 2,
                "the batch waits for the redrive");
        }
        await Task.WhenAll(redriving, arriving);
        Assert.Equal((0, 0), ((await redriving).Item1, (await world.ParkedAsync()).Count));
        Assert.Equal([1L, 14L, 16L, 116L], (await world.CountedAsync("anna")).Select(e => e.Total));
    }

    private static Asked Asked(string name, long number) => ReactorLoopTests.Asked(name, number);

    private static async Task<string> ListAsync(Instance instance)
    {
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(0, await instance.Parked.ListAsync(new(), output, CancellationToken.None));
        return output.ToString();
    }

    private static async Task<(int Code, string Said)> RedriveAsync(World world, Instance instance)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return (await instance.Parked.RedriveAsync(world.Chain.Topic, "anna", new("sre", "fixed"), output,
            CancellationToken.None), output.ToString());
    }

    private static async Task<(int Code, string Said)> DiscardAsync(World world, Instance instance)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return (await instance.Parked.DiscardAsync(world.Chain.Topic, "anna", new("sre", "useless"), output,
            CancellationToken.None), output.ToString());
    }
}
