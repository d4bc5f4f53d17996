using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>A rolling deploy: an older version has no row for what a newer one reacts to.</summary>
public sealed class MixedVersionsTests(Stage stage)
{
    [Fact]
    public async Task What_only_a_newer_version_reacts_to_an_older_one_hands_back_and_nothing_is_passed_over()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var newer = await world.StartInstanceAsync();
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(1)));
        await newer.StopAsync();
        var older = await world.StartInstanceAsync(settings => settings.LacksConfirm = true);
        var before = await world.Chain.TellAsync(Asked(2));
        var confirmed = await world.Chain.TellAsync(new Confirmed { Name = "anna" });
        await world.Chain.TellAsync(Asked(4));
        await Eventually.Until(() => older.State.LeftTopics == 1, "the older one leaves the topic");
        await world.UntilHandledAsync(before);
        var health = await older.State.CheckHealthAsync(new());
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains($"{world.Chain.Topic} is left to other instances: reaction confirm to "
            + "Checkout.Chassis.Tests.Domain.Confirmed", health.Description, StringComparison.Ordinal);
        Assert.Equal(1, older.Readings.Gauge("reactor.left.topics"));

        await world.StartInstanceAsync();
        await world.UntilTotalAsync("anna", 7);
        Assert.Equal(["Counted", "Counted", "Answered", "Counted"],
            (await world.EventsAsync()).Select(e => e.Type.Split('.')[^1]));
        Assert.Equal(confirmed.EventId, (await world.EventsAsync())[2].CausationId);
    }

    [Fact]
    public async Task A_reaction_that_is_retired_is_passed_over_and_the_topic_is_taken_up_again()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var former = await world.StartInstanceAsync();
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(1)));
        Assert.Equal((1, "confirm is a reaction of this version: retire it with one that lacks it.\n"),
            await RetireAsync(former, "confirm"));
        await former.StopAsync();
        var without = await world.StartInstanceAsync(settings => settings.LacksConfirm = true);
        await world.Chain.TellAsync(new Confirmed { Name = "anna" });
        await Eventually.Until(() => without.State.LeftTopics == 1, "the topic is left");
        Assert.Equal((1, "No reaction confrim is kept that is not retired already.\n"),
            await RetireAsync(without, "confrim"));
        Assert.Equal((0, $"Retired confirm to {world.Chain.Topic} Checkout.Chassis.Tests.Domain.Confirmed.\n"),
            await RetireAsync(without, "confirm"));
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(4)));
        Assert.Equal((0, 5L), (without.State.LeftTopics, (await world.TotalsAsync())["anna"]));
    }

    [Fact]
    public async Task A_type_that_nobody_ever_reacted_to_is_passed_over()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var older = await world.StartInstanceAsync(settings => settings.LacksConfirm = true);
        await world.Chain.TellAsync(new Confirmed { Name = "anna" });
        await world.UntilHandledAsync(await world.Chain.TellAsync(Asked(4)));
        Assert.Equal(0, older.State.LeftTopics);
    }

    private static Asked Asked(long number) => ReactorLoopTests.Asked("anna", number);

    private static async Task<(int Code, string Said)> RetireAsync(Instance instance, string reaction)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return (await instance.Parked.RetireAsync(reaction, new("sre", "it is gone"), output, CancellationToken.None),
            output.ToString());
    }
}
