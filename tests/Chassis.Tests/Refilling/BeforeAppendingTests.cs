using Checkout.Chassis.Operating;
using Checkout.Chassis.Refilling;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.Chassis.Tests.Refilling;

/// <summary>Operators' commands, on a store that lacks what its topic holds or may lack it.</summary>
public sealed class BeforeAppendingTests(Stage stage)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_behind_its_topic_is_refused_with_the_command_that_mends_it()
    {
        await using var world = await World.NewAsync(stage);
        var (lost, instance) = (await LostStore.NewAsync(world), await world.NewInstanceAsync());
        // Its topic is there and has nothing, as in a system that is new.
        Assert.Null(await Before(world, lost.Own).RefusalAsync(Cancel));
        await instance.HandleAsync(ReactorLoopTests.Asked("n1", 1));
        await lost.BackUpAsync();
        await instance.HandleAsync(ReactorLoopTests.Asked("n1", 1));
        await lost.PublishAsync();
        Assert.Null(await Before(world, lost.Own).RefusalAsync(Cancel));

        await lost.RestoreAsync();
        var refusal = await Before(world, lost.Own).RefusalAsync(Cancel);
        Assert.Contains("at position 2, and the store has none there", refusal, StringComparison.Ordinal);
        Assert.Contains(".dll refill --who NAME --why TEXT", refusal, StringComparison.Ordinal);
        Assert.Equal((1, $"{refusal}\nNothing of the file was taken."), await GiveAsync(world, instance, lost.Own));
        Assert.Single(await world.EventsAsync());

        await lost.RefillAsync(instance);
        Assert.Equal((0, "1 given, 1 new events."), await GiveAsync(world, instance, lost.Own));
        Assert.Equal(3, (await world.EventsAsync()).Count);
    }

    [Fact]
    public async Task Where_there_is_no_topic_yet_there_is_nothing_to_be_behind()
    {
        await using var world = await World.NewAsync(stage);
        Assert.Null(await Before(world, new LostStore(world).Own).RefusalAsync(Cancel));
    }

    [Fact]
    public async Task Where_Kafka_does_not_say_nothing_is_appended_and_it_is_said_how_it_can_be_all_the_same()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var away = new OwnTopic(new() { BootstrapServers = "127.0.0.1:1" }, "none", "none");
        var (code, said) = await GiveAsync(world, instance, away);
        Assert.Equal(1, code);
        Assert.StartsWith("Kafka does not say whether the store has what", said, StringComparison.Ordinal);
        Assert.Contains("--without-kafka", said, StringComparison.Ordinal);
        Assert.Empty(await world.EventsAsync());
    }

    private static BeforeAppending Before(World world, OwnTopic own) =>
        new(world.Database, own, world.Store, "tally");

    private static async Task<(int Code, string Said)> GiveAsync(World world, Instance instance, OwnTopic own)
    {
        using var folder = new TestFolder("before-appending");
        await File.WriteAllTextAsync(folder["file.json"], "[]", Cancel);
        var command = new OperatorCommand<TallyRows>("give", "Adds one.", _ =>
            [world.Table.WorkOf(new Add("n1", 1), Guid.NewGuid())]);
        var said = new StringWriter { NewLine = "\n" };
        var giving = new Giving<TallyRows>(_ => Task.CompletedTask, instance.Transactions, world.Database)
        {
            Refusal = Before(world, own).RefusalAsync,
        };
        return (await giving.RunAsync(command, new(folder["file.json"]), new(), said, said, Cancel),
            said.ToString().Trim());
    }
}
