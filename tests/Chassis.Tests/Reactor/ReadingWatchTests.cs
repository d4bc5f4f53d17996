using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>A consumer whose requests get lost, for whatever reason, does not stay silent for ever.</summary>
public sealed class ReadingWatchTests(Stage stage)
{
    [Theory]
    [InlineData(KafkaRequest.Fetch, "and nothing came for")]
    [InlineData(KafkaRequest.JoinGroup, "it was no member of its group")]
    public async Task A_consumer_that_does_not_read_is_replaced_while_brokers_answer(KafkaRequest lost, string why)
    {
        await using var world = await World.NewAsync(stage);
        await using var proxy = KafkaProxy.Before(stage.Broker.Bootstrap);
        proxy.Swallow(lost);
        var instance = await world.StartInstanceAsync(settings =>
        {
            settings.Bootstrap = proxy.Bootstrap;
            settings.Reactor.LongestStandstill = TimeSpan.FromSeconds(2);
        });
        var told = 0;
        await Eventually.Until(async () =>
        {
            await world.Chain.TellAsync(ReactorLoopTests.Asked("anna", 1));
            told++;
            return instance.Lines.Contain("A new consumer takes the place of one that does not read");
        }, "it is replaced");
        Assert.True(instance.Lines.Contain(why), instance.Lines.ToString());
        Assert.True(instance.Readings.Sum("reactor.replaced.consumers") > 0);
        proxy.LetPass(lost);
        await world.UntilTotalAsync("anna", told);
    }

    [Fact]
    public async Task Brokers_that_are_away_are_no_reason_to_replace_it()
    {
        await using var world = await World.NewAsync(stage);
        await using var proxy = KafkaProxy.Before(stage.Broker.Bootstrap);
        var instance = await world.StartInstanceAsync(settings =>
        {
            settings.Bootstrap = proxy.Bootstrap;
            settings.Reactor.LongestStandstill = TimeSpan.FromSeconds(8);
        });
        await world.Chain.TellAsync(ReactorLoopTests.Asked("anna", 1));
        await world.UntilTotalAsync("anna", 1);
        await proxy.StopAsync();
        await world.Chain.TellAsync(ReactorLoopTests.Asked("anna", 1));
        await Eventually.Until(() => instance.Brokers.Silence > TimeSpan.FromSeconds(12),
            "the brokers are away for longer than a partition may stand");
        proxy.Start();
        await world.UntilTotalAsync("anna", 2);
        Assert.Equal(0, instance.Lines.Count("A new consumer takes the place"));
    }
}
