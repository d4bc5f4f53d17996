using System.Text;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Chassis.WireFormat;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>
/// Events that can't be handled: parked with what follows of their key, while everything else goes on.
/// </summary>
public sealed class ParkingTests(Stage stage)
{
    [Fact]
    public async Task A_decision_that_throws_parks_the_event_and_what_follows_of_its_key_and_no_other()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Asked("anna", 1), Asked("anna", Tallies.Unlucky), Asked("ben", 2), Asked("anna", 3),
            Asked("ben", 4));
        await instance.HandleAsync(Asked("anna", 5), Asked("ben", 6));
        Assert.Equal(new() { ["anna"] = 1, ["ben"] = 12 }, await world.TotalsAsync());
        Assert.Equal(
            [
                new("anna", 2, "count threw ArgumentException: 13 is not counted."),
                new("anna", 4, Parked.BehindAnother),
                new("anna", 6, Parked.BehindAnother),
            ], await world.ParkedAsync());
        Assert.Equal(7, await world.HandledAsync(0));
        Assert.Equal(3, instance.Readings.Sum("reactor.parked.messages"));
        Assert.Equal(3, instance.Lines.Count("Error: Parked "));
    }

    [Theory]
    [InlineData("nothing", "it has no value")]
    [InlineData("text", "its value is not in the Confluent wire format")]
    [InlineData("body", "it can't be decoded with schema")]
    [InlineData("schema", "it can't be decoded with schema 999999: The registry")]
    public async Task A_value_that_can_not_be_read_is_parked_with_its_reason(string what, string reason)
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync(settings => settings.Reactor.LongestWait = TimeSpan.Zero);
        var record = await world.Chain.NumberAsync(Asked("anna", 1));
        await instance.HandleAsync(record with
        {
            Value = what switch
            {
                "nothing" => null,
                "text" => Encoding.UTF8.GetBytes("{\"number\":1}"),
                "body" => record.Value![..^4],
                _ => ConfluentFrame.Frame(999_999, record.Value.AsSpan(ConfluentFrame.HeaderBytes)),
            },
        });
        await instance.HandleAsync(Asked("anna", 2), Asked("ben", 3));
        var parked = await world.ParkedAsync();
        Assert.Equal(["anna", "anna"], parked.Select(p => p.Key));
        Assert.StartsWith(reason, parked[0].Reason, StringComparison.Ordinal);
        Assert.Equal(new() { ["ben"] = 3 }, await world.TotalsAsync());
    }

    [Fact]
    public async Task Of_a_batch_that_fails_by_its_data_only_the_event_at_fault_is_parked()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Asked("anna", 1), Asked("ben", 2), Asked("ben", -100), Asked("anna", 3),
            Asked("ben", 4), Asked("zoe", 5));
        Assert.Equal(new() { ["anna"] = 4, ["ben"] = 2, ["zoe"] = 5 }, await world.TotalsAsync());
        var parked = await world.ParkedAsync();
        Assert.Equal([3L, 5L], parked.Select(p => p.Position));
        Assert.Contains("a_tally_is_not_below_zero", parked[0].Reason, StringComparison.Ordinal);
        Assert.Equal(Parked.BehindAnother, parked[1].Reason);
        Assert.Equal(2, instance.Readings.Sum("reactor.parked.messages"));
    }

    [Fact]
    public async Task An_answer_too_large_for_kafka_parks_the_event_that_led_to_it()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Asked("anna", Tallies.Huge), Asked("ben", 2));
        Assert.Contains("EventTooLargeException", Assert.Single(await world.ParkedAsync()).Reason,
            StringComparison.Ordinal);
        Assert.Equal(new() { ["ben"] = 2 }, await world.TotalsAsync());
    }

    [Fact]
    public async Task An_answer_to_what_never_becomes_visible_is_parked_and_counted_once()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync(settings => settings.Reactor.LongestWait = TimeSpan.Zero);
        await instance.HandleAsync(Asked("anna", Tallies.Unlucky), new Confirmed { Name = "nobody" }, Asked("ben", 2));
        Assert.Equal(["anna", "nobody"], (await world.ParkedAsync()).Select(p => p.Key));
        Assert.Contains("The tally nobody is not known here", (await world.ParkedAsync())[1].Reason,
            StringComparison.Ordinal);
        Assert.Equal(new() { ["ben"] = 2 }, await world.TotalsAsync());
        // However often the batch was tried.
        Assert.Equal(2, instance.Readings.Sum("reactor.parked.messages"));
        Assert.Equal(2, instance.Lines.Count("Error: Parked "));
        Assert.Equal(1, instance.Lines.Count("count on "));
    }

    [Fact]
    public async Task A_record_that_is_no_link_of_the_chain_is_said_and_left_alone()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        var foreign = world.Chain.Received(await new TestChain(stage, world.Chain.Topic, 1)
            .NumberAsync(Asked("anna", 100)) with
        { Headers = [] });
        var first = world.Chain.Received(await world.Chain.NumberAsync(Asked("anna", 1)));
        await instance.Handling.HandleAsync([foreign, first], CancellationToken.None);
        await instance.HandleAsync(Asked("anna", 2));
        Assert.Equal(3, (await world.TotalsAsync())["anna"]);
        Assert.Empty(await world.ParkedAsync());
        Assert.Equal(1, instance.Readings.Sum("reactor.foreign.messages"));
        Assert.Equal(1, instance.Lines.Count("was not written by LogTailer"));
    }

    [Fact]
    public async Task A_fact_that_can_not_be_read_holds_up_no_other_with_or_without_a_key()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.Handling.HandleAsync([await FactAsync(world, "anna", 1, ""),
            await FactAsync(world, "anna", 2, "") with { Value = [1, 2, 3], HasKey = false, Key = "" },
            await FactAsync(world, "ben", 3, "") with { HasKey = false, Key = "" },
            await FactAsync(world, "anna", Tallies.Unlucky, ""), await FactAsync(world, "anna", 4, "")],
            CancellationToken.None);
        await instance.Handling.HandleAsync([await FactAsync(world, "anna", 5, "")], CancellationToken.None);
        Assert.Equal(new() { ["anna"] = 10, ["ben"] = 3 }, await world.TotalsAsync());
        Assert.Equal(["", "anna"], (await world.ParkedAsync()).Select(p => p.Key));
    }

    [Fact]
    public async Task Where_there_is_no_chain_the_schema_decides_and_what_is_passed_over_is_counted_and_said_once()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var chatted = world.Chain.Received(await world.Chain.NumberAsync(new Chatted { Name = "anna" }))
            with
        { Topic = world.Facts };
        await instance.Handling.HandleAsync(
            [await FactAsync(world, "anna", 7, "com.studio.reward.v1"), chatted, chatted, chatted],
            CancellationToken.None);
        Assert.Equal(new() { ["anna"] = 7 }, await world.TotalsAsync());
        Assert.Equal(3, instance.Readings.Sum("reactor.passed.messages"));
        Assert.Equal(1, instance.Lines.Count("Chatted is passed over"));
    }

    /// <summary>No index takes more than 2,704 bytes, nor a parked row's.</summary>
    [Fact]
    public async Task A_fact_whose_texts_no_index_takes_is_parked_and_everybody_else_goes_on()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var name = string.Concat(Enumerable.Range(0, 2_000).Select(_ => Guid.NewGuid().ToString("N")));
        var huge = await FactAsync(world, name, 1, "");
        await instance.Handling.HandleAsync(
            [await FactAsync(world, "anna", 1, ""), huge, await FactAsync(world, "anna", 2, "")],
            CancellationToken.None);
        Assert.Equal(new() { ["anna"] = 3 }, await world.TotalsAsync());
        var parked = Assert.Single(await world.ParkedAsync());
        Assert.Contains("54000", parked.Reason, StringComparison.Ordinal);
        Assert.Equal(Parked.KeyOf(name), parked.Key);
        Assert.Equal((parked.Key, 317), (Parked.KeyOf(parked.Key), parked.Key.Length));
    }

    private static async Task<Incoming> FactAsync(World world, string name, long number, string type)
    {
        var record = await world.Chain.NumberAsync(new Tipped
        {
            Name = name,
            Number = number,
            Reference = Guid.NewGuid().ToString(),
        });
        return world.Chain.Received(record with { Headers = new() { [EventHeaders.Type] = type } })
            with
        { Topic = world.Facts };
    }

    [Fact]
    public async Task A_key_and_headers_that_no_text_column_takes_are_parked_like_any_other()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        var record = await world.Chain.NumberAsync(Asked("a\0b", 1), "k\0ey");
        record.Headers["odd"] = "\0";
        await instance.HandleAsync(record);
        await instance.HandleAsync(Asked("ben", 2));
        Assert.Equal("k\uFFFDey", Assert.Single(await world.ParkedAsync()).Key);
        Assert.Equal(new() { ["ben"] = 2 }, await world.TotalsAsync());
    }

    private static Asked Asked(string name, long number) => new() { Name = name, Number = number, Note = "" };
}
