using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>A topic is deleted and made anew while it is read.</summary>
public sealed class RemadeTopicTests
{
    /// <summary>
    /// The partition's leader epoch begins again at 0, where the client saw a higher one, the broker having been
    /// started again: librdkafka 2.16.0 then takes all it hears of the new leader for old news, and fetches nothing.
    /// Besides, the old topic held duplicates, so that the group's offset lies behind records of the new one which were
    /// never handled.
    /// </summary>
    [Fact]
    public async Task It_is_read_from_its_start()
    {
        await using var stage = new Stage();
        await stage.InitializeAsync();
        if (stage.Broker is not KafkaServer kafka)
            throw Prerequisite.Missing("kafka", $"{KafkaHome.Variable} does not name a folder with a released Kafka, "
                + "and librdkafka's in-memory broker can't delete a topic.");
        await using var world = await World.NewAsync(stage, partitions: 1);
        await kafka.StopAsync();
        await kafka.StartAgainAsync(TestContext.Current.CancellationToken);
        var instance = await world.StartInstanceAsync();
        var told = new List<ChainRecord>();
        for (var i = 0; i < 5; i++) told.Add(await world.Chain.TellAsync(Asked()));
        await world.Chain.SendAsync(told.TakeLast(2));
        await Eventually.Until(() => GroupOffsets.Committed(stage, world.Table.Service, world.Chain.Topic, 0) == 7,
            "the offset behind the duplicates is committed");

        for (var i = 0; i < 2; i++) told.Add(await world.Chain.NumberAsync(Asked()));
        await stage.RemakeTopicAsync(world.Chain.Topic, partitions: 1);
        using (var producer = stage.NewProducer()) await TestChain.SendAsync(producer, world.Chain.Topic, told);
        await world.UntilHandledAsync(told[^1]);
        Assert.Equal(7, (await world.TotalsAsync())["anna"]);
        Assert.Equal(1, instance.Lines.Count($"{world.Chain.Topic} was made anew"));
    }

    private static Asked Asked() => ReactorLoopTests.Asked("anna", 1);
}
