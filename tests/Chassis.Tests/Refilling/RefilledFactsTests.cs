using System.Globalization;
using Checkout.Chassis.Refilling;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Chassis.Tests.Refilling;

/// <summary>
/// Facts of a topic without a chain, such as the game's rewards, over the restore of a backup: each counts once,
/// whatever became of its answer and whatever Kafka has for handled.
/// </summary>
public sealed class RefilledFactsTests(Stage stage)
{
    private const string Customer = "anna";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_counts_once_whether_its_answer_came_back_or_is_lost_and_whenever_it_came()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var (lost, instance) = (await LostStore.NewAsync(world), await world.StartInstanceAsync());
        using var watch = lost.Watch(instance);
        await watch.StartAsync(Cancel);
        await BeforeAndAfterABackupAsync(world, lost);
        // The answer to 10 is on the topic; what was published nowhere is that to 100.
        await lost.PublishAsync((position, _) => position <= 2);

        await RestoreAsync(lost, instance, watch);
        // Taken from Kafka by a reader that waits with it for the store, which is at another offset by then.
        await TellAsync(world, 1_000);
        await RefilledAsync(lost, instance);
        await world.UntilTotalAsync(Customer, 1_111);
        await TellAsync(world, 10_000);
        await world.UntilTotalAsync(Customer, 11_111);
        await AssertEachCountedOnceAsync(world, 1, 10, 100, 1_000, 10_000);
    }

    [Fact]
    public async Task Those_that_were_handled_on_a_fork_that_is_set_aside_are_handled_again()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var (lost, instance) = (await LostStore.NewAsync(world), await world.StartInstanceAsync());
        await BeforeAndAfterABackupAsync(world, lost);
        await lost.PublishAsync((position, _) => position <= 2);
        await instance.StopAsync();
        await lost.RestoreAsync();
        // Nobody has noticed yet: an operator gives something, and an instance takes what comes next.
        await instance.Transactions.RunAsync([world.Table.WorkOf(new Add(Customer, 7), Guid.NewGuid())], Cancel);
        await TellAsync(world, 1_000);
        var early = await world.StartInstanceAsync();
        await world.UntilTotalAsync(Customer, 1_118);
        using var watch = lost.Watch(early);
        await watch.StartAsync(Cancel);
        await Eventually.Until(() => Task.FromResult(watch.IsBehind), "it is seen");

        // What only tells that they came is of the fork too, in this service alone.
        await lost.AskAsync<object>("DELETE FROM tips WHERE reference <> '1'");
        Assert.Contains("4 events were set aside", await RefilledAsync(lost, early));
        await world.UntilTotalAsync(Customer, 1_111);
        await AssertEachCountedOnceAsync(world, 1, 10, 100, 1_000);
    }

    [Fact]
    public async Task Those_that_their_topic_has_no_more_hold_up_nothing()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var (lost, instance) = (await LostStore.NewAsync(world), await world.StartInstanceAsync());
        using var watch = lost.Watch(instance);
        await watch.StartAsync(Cancel);
        await BeforeAndAfterABackupAsync(world, lost);
        await lost.PublishAsync();
        await RestoreAsync(lost, instance, watch);
        await TellAsync(world, 1_000);
        await DeleteRecordsAsync(new(world.Facts, 0, 3));
        await RefilledAsync(lost, instance);
        await world.UntilTotalAsync(Customer, 1_111);
        await AssertEachCountedOnceAsync(world, 1, 10, 100, 1_000);
    }

    /// <summary>1 is in the backup, 10 and 100 are not, and Kafka has all three for handled.</summary>
    private async Task BeforeAndAfterABackupAsync(World world, LostStore lost)
    {
        await TellAsync(world, 1);
        await world.UntilTotalAsync(Customer, 1);
        await lost.BackUpAsync();
        await TellAsync(world, 10);
        await world.UntilTotalAsync(Customer, 11);
        await TellAsync(world, 100);
        await world.UntilTotalAsync(Customer, 111);
        await Eventually.Until(() => GroupOffsets.Committed(stage, world.Table.Service, world.Facts, 0) == 3,
            "the offset is committed");
    }

    /// <summary>Under the running service, which notices.</summary>
    private static async Task RestoreAsync(LostStore lost, Instance instance, StoreWatch watch)
    {
        await Eventually.Until(() => Task.FromResult(watch.Position == 3), "the watch has seen where it was");
        await lost.RestoreAsync();
        await Eventually.Until(() => Task.FromResult(instance.Hold.Why?.Contains("is behind") == true), "it is seen");
    }

    /// <summary>As retention does.</summary>
    private async Task DeleteRecordsAsync(TopicPartitionOffset before)
    {
        if (stage.Broker is InMemoryBroker broker)
        {
            broker.DeleteRecords(before.Topic, before.Partition.Value, before.Offset.Value);
            return;
        }
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = stage.Broker.Bootstrap })
            .Build();
        await admin.DeleteRecordsAsync([before]);
    }

    private static async Task<string> RefilledAsync(LostStore lost, Instance instance)
    {
        var (code, said) = await lost.RefillAsync(instance);
        Assert.True(code == 0, said);
        return said;
    }

    private static async Task AssertEachCountedOnceAsync(World world, params long[] numbers)
    {
        Assert.Equal(numbers, (await world.CountedAsync(Customer)).Select(counted => counted.Number).Order());
        Assert.Equal(numbers.Sum(), (await world.TotalsAsync())[Customer]);
        Assert.Empty(await world.ParkedAsync());
    }

    private static async Task TellAsync(World world, long number)
    {
        var record = await world.Chain.NumberAsync(new Tipped
        {
            Name = Customer,
            Number = number,
            Reference = number.ToString(CultureInfo.InvariantCulture),
        });
        await world.Chain.SendAsync(world.Facts, record with { Partition = 0, Headers = [] });
    }
}
