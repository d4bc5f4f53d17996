using Avro.Specific;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.Registry;
using Checkout.Servers;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>
/// A registry that was lost gives its ids anew, and the records keep the former ones: nothing is decoded under another
/// event's name.
/// </summary>
public sealed class RenumberedRegistryTests(Stage stage)
{
    [Fact]
    public async Task Ids_that_changed_places_hold_the_partition_until_the_registry_is_right_again()
    {
        var port = Ports.Free();
        await using var world = await World.NewAsync(stage, partitions: 1);
        ChainRecord asked, confirmed;
        var former = await DevelopmentRegistry.StartAsync(port);
        var address = new RegistryOptions { Url = former.Url };
        await using (former)
        {
            var ids = await RegisterAsync(world, address, new Asked(), new Confirmed());
            asked = await world.Chain.NumberAsync(ReactorLoopTests.Asked("anna", 1), frame: ids);
            confirmed = await world.Chain.NumberAsync(new Confirmed { Name = "anna" }, frame: ids);
        }
        await using (await DevelopmentRegistry.StartAsync(port))
        {
            await RegisterAsync(world, address, new Confirmed(), new Asked());
            var instance = await world.StartInstanceAsync(settings => settings.Registry = new(address));
            await world.Chain.SendAsync(asked, confirmed);
            await Eventually.Until(() => instance.Lines.Count("Outage, the batch is kept") >= 3,
                "the contradiction is told");
            Assert.True(instance.Lines.Contain("position 1 is a Checkout.Chassis.Tests.Domain.Asked, and the registry "
                + $"at {former.Url} names Checkout.Chassis.Tests.Domain.Confirmed for its schema id 1"));
            Assert.Equal((0, 0, 0),
                (await world.HandledAsync(0), (await world.EventsAsync()).Count, (await world.ParkedAsync()).Count));
        }
        await using (await DevelopmentRegistry.StartAsync(port))
        {
            await RegisterAsync(world, address, new Asked(), new Confirmed());
            await world.UntilHandledAsync(confirmed);
        }
        Assert.Equal(new() { ["anna"] = 1 }, await world.TotalsAsync());
        Assert.Equal(["Counted", "Answered"], (await world.EventsAsync()).Select(e => e.Type.Split('.')[^1]));
        Assert.Empty(await world.ParkedAsync());
    }

    [Fact]
    public async Task What_is_written_with_the_new_ids_is_read_with_them_though_the_former_ones_are_known()
    {
        var port = Ports.Free();
        await using var world = await World.NewAsync(stage, partitions: 1);
        Instance instance;
        RegistryOptions address;
        await using (var former = await DevelopmentRegistry.StartAsync(port))
        {
            address = new() { Url = former.Url };
            var ids = await RegisterAsync(world, address, new Asked(), new Confirmed());
            instance = await world.NewInstanceAsync(settings => settings.Registry = new(address));
            await instance.HandleAsync(await world.Chain.NumberAsync(ReactorLoopTests.Asked("anna", 1), frame: ids),
                await world.Chain.NumberAsync(new Confirmed { Name = "anna" }, frame: ids));
        }
        await using (await DevelopmentRegistry.StartAsync(port))
        {
            var ids = await RegisterAsync(world, address, new Confirmed(), new Asked());
            await instance.HandleAsync(await world.Chain.NumberAsync(ReactorLoopTests.Asked("anna", 2), frame: ids),
                await world.Chain.NumberAsync(new Confirmed { Name = "anna" }, frame: ids));
        }
        Assert.Equal(new() { ["anna"] = 3 }, await world.TotalsAsync());
        Assert.False(instance.Lines.Contain("Outage, the batch is kept"));
    }

    /// <summary>In this order, from which the ids of a new registry follow.</summary>
    private static async Task<SchemaRegistry> RegisterAsync(World world, RegistryOptions address,
        params IEnumerable<ISpecificRecord> events)
    {
        var registry = new SchemaRegistry(address);
        foreach (var e in events)
            await registry.IdOfAsync(TestChain.SubjectOf(world.Chain.Topic, e), e.Schema.ToString(),
                TestContext.Current.CancellationToken);
        return registry;
    }
}
