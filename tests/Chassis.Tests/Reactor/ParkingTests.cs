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
        var instance = await world.NewInstanceAsync();
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
        var instance = await world.NewInstanceAsync();
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
    public async Task A_record_that_is_no_link_of_the_chain_is_parked_and_holds_up_nobody()
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
        Assert.Contains("LogTailer did not write it", Assert.Single(await world.ParkedAsync()).Reason,
            StringComparison.Ordinal);
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
