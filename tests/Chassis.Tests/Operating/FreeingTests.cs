using Checkout.Chassis.Inbox;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Dapper;
using Xunit;

namespace Checkout.Chassis.Tests.Operating;

/// <summary>Parked events of many keys: by reason, by topic, and only tried.</summary>
public sealed class FreeingTests(Stage stage)
{
    private const long Unlucky = Tallies.Unlucky;

    [Fact]
    public async Task What_is_parked_is_grouped_by_its_reason_but_for_ids_and_numbers_in_it()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        await ParkAsync(world, ("anna", $"Checkout {Guid.NewGuid()} is Failed"),
            ("ben", $"Checkout {Guid.NewGuid()} is Failed"), ("ben", "row 17 is not there"));
        var said = await ListAsync(instance, new());
        Assert.Contains("\n2 of 2 keys on " + world.Chain.Topic, said, StringComparison.Ordinal);
        Assert.Contains(": Checkout * is Failed\n", said, StringComparison.Ordinal);
        Assert.Contains(": row * is not there\n", said, StringComparison.Ordinal);
        Assert.EndsWith("1 parked.\n", await ListAsync(instance, new(Reason: "row 17")), StringComparison.Ordinal);
        Assert.EndsWith("2 parked.\n", await ListAsync(instance, new(Key: "ben")), StringComparison.Ordinal);
        Assert.EndsWith("0 parked.\n", await ListAsync(instance, new(Topic: "others")), StringComparison.Ordinal);
        Assert.EndsWith("0 parked.\n", await ListAsync(instance, new(Reason: "%")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listed_event_is_decoded()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Asked("anna", Unlucky));
        var said = await ListAsync(instance, new());
        Assert.Contains("\"name\":\"anna\"", said, StringComparison.Ordinal);
        Assert.Contains($"\"number\":{Unlucky}", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_says_what_can_be_handled_also_by_the_database_and_changes_nothing()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var old = await world.NewInstanceAsync();
        await old.HandleAsync(Asked("anna", Unlucky), Asked("anna", 2), Asked("ben", -100));
        var newer = await world.NewInstanceAsync(settings => settings.IsNewerCode = true);
        var before = (await world.ParkedAsync()).Count;
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(1, await newer.Parked.RedriveAllAsync(new(world.Chain.Topic), hand: null, output,
            CancellationToken.None));
        var said = output.ToString();
        Assert.Contains("key ben: ", said, StringComparison.Ordinal);
        Assert.Contains("a_tally_is_not_below_zero", said, StringComparison.Ordinal);
        Assert.EndsWith("Of 2 keys the first event can be handled of 1, and can't of 1. Nothing was changed.\n", said,
            StringComparison.Ordinal);
        Assert.Equal(before, (await world.ParkedAsync()).Count);
        Assert.Empty(await world.TotalsAsync());
        Assert.Equal(0, await FreedAsync(world));
    }

    [Fact]
    public async Task All_of_a_reason_are_redriven_with_what_waits_behind_them_and_others_are_left_alone()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var old = await world.NewInstanceAsync();
        await old.HandleAsync(Asked("anna", Unlucky), Asked("anna", 2), Asked("ben", Unlucky), Asked("carl", -100));
        var newer = await world.NewInstanceAsync(settings => settings.IsNewerCode = true);
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(0, await newer.Parked.RedriveAllAsync(new(Reason: "13 is not counted"), new("sre", "fixed"),
            output, CancellationToken.None));
        Assert.Equal("3 redriven of 2 keys; 0 keys have events that can't be handled.\n", output.ToString());
        Assert.Equal([("anna", 15L), ("ben", 13L)],
            (await world.TotalsAsync()).OrderBy(total => total.Key).Select(total => (total.Key, total.Value)));
        Assert.Equal("carl", Assert.Single(await world.ParkedAsync()).Key);
        Assert.Equal(3, await FreedAsync(world));
    }

    [Fact]
    public async Task All_of_a_reason_are_discarded_and_what_waits_behind_them_stays_to_be_redriven()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Asked("anna", Unlucky), Asked("anna", 2), Asked("ben", Unlucky),
            Asked("carl", -100));
        var (code, said) = await DiscardAllAsync(instance, new(Reason: "13 is not counted"), hand: null);
        Assert.Equal(0, code);
        Assert.EndsWith("2 would be discarded for good. Nothing was changed.\n", said, StringComparison.Ordinal);
        Assert.Equal(4, (await world.ParkedAsync()).Count);

        Assert.Equal((0, "2 discarded.\n"),
            await DiscardAllAsync(instance, new(Reason: "13 is not counted"), new("sre", "useless")));
        Assert.Equal(["anna", "carl"], (await world.ParkedAsync()).Select(parked => parked.Key));
        Assert.Equal(2, await FreedAsync(world));
        Assert.Equal((0, "2 discarded.\n"),
            await DiscardAllAsync(instance, new(world.Chain.Topic), new("sre", "useless")));
        Assert.Empty(await world.ParkedAsync());
    }

    [Fact]
    public async Task Thousands_are_discarded_in_one_go()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        await ParkAsync(world, Enumerable.Range(0, 2_500).Select(i => ($"key-{i}", "no more")).ToArray());
        Assert.Equal((0, "2500 discarded.\n"),
            await DiscardAllAsync(instance, new(Reason: "no more"), new("sre", "useless")));
        Assert.Equal(2_500, await FreedAsync(world));
    }

    private static TestEvent Asked(string name, long number) => ReactorLoopTests.Asked(name, number);

    private static async Task ParkAsync(World world, params (string Key, string Reason)[] parked)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            INSERT INTO parked (topic, partition, position, key, headers, reason, blocks)
            SELECT @Topic, 0, -n, key, '{}', reason, true
            FROM unnest(@keys, @reasons) WITH ORDINALITY AS p(key, reason, n)
            """, new
            {
                world.Chain.Topic,
                keys = parked.Select(p => p.Key).ToArray(),
                reasons = parked.Select(p => p.Reason).ToArray(),
            });
    }

    private static async Task<long> FreedAsync(World world)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM freed");
    }

    private static async Task<string> ListAsync(Instance instance, ParkedSelection of)
    {
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(0, await instance.Parked.ListAsync(of, output, CancellationToken.None));
        return output.ToString();
    }

    private static async Task<(int Code, string Said)> DiscardAllAsync(Instance instance, ParkedSelection of,
        Hand? hand)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return (await instance.Parked.DiscardAllAsync(of, hand, output, CancellationToken.None), output.ToString());
    }
}
