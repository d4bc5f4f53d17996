using Checkout.Balance;
using Checkout.Contracts;
using Checkout.Inventory;
using Checkout.Store;

namespace Checkout.Simulation.Model;

/// <summary>
/// The whole system: three services of two instances each, their stores, tailers and topics. Everything by chance comes
/// from one seed.
/// </summary>
public sealed class World
{
    private const int InstancesEach = 2;
    private const int MaxPartitions = 4;
    private const int MaxRoundsToRest = 2_000;
    private static readonly TimeSpan MaxSkew = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan QuietRound = TimeSpan.FromSeconds(30);
    /// <summary>
    /// Longer than records that nothing is due for may wait, and a held partition for its next reading.
    /// </summary>
    private const int QuietRounds = 12;

    private readonly Dictionary<string, TimeSpan> _skews = [];

    public World(int seed, Flaws flaws)
    {
        Random = new(seed);
        Game = new(Topics.GameRewards, Random.Next(1, MaxPartitions + 1));
        var chains = new[] { "store", "balance", "inventory" }.ToDictionary(name => name,
            name => new EventChain(name, Random.Next(1, MaxPartitions + 1)));
        StoreTopic = new(Topics.StoreCheckouts, chains["store"].Partitions);
        BalanceTopic = new(Topics.BalanceAccounts, chains["balance"].Partitions);
        InventoryTopic = new(Topics.InventoryAvatars, chains["inventory"].Partitions);
        Topic[] topics = [StoreTopic, BalanceTopic, InventoryTopic, Game];
        Store = new(StoreChoreography.Table, chains["store"], Group(StoreChoreography.Table.Topics), flaws);
        Balance = new(BalanceChoreography.Table, chains["balance"], Group(BalanceChoreography.Table.Topics), flaws);
        Inventory = new(
            InventoryChoreography.Table, chains["inventory"], Group(InventoryChoreography.Table.Topics), flaws);
        Services = [Store, Balance, Inventory];
        // Only one loses, so that the loss itself is what is noticed.
        Tailers = [new(Store.Chain, StoreTopic, flaws), new(Balance.Chain, BalanceTopic, Flaws.None),
            new(Inventory.Chain, InventoryTopic, Flaws.None)];
        foreach (var service in Services)
        {
            _skews[service.Name] = MaxSkew * Random.NextDouble();
            service.Group.Assign(service.Group.Deal(Random));
        }

        ConsumerGroup Group(IEnumerable<string> names) =>
            new([.. topics.Where(topic => names.Contains(topic.Name))], InstancesEach, new Clock(this));
    }

    public Random Random { get; }

    /// <summary>With the 100 nanoseconds that a real clock has, and an event has not.</summary>
    public DateTime Now { get; set; } = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddTicks(7);

    public Topic Game { get; }
    public Topic StoreTopic { get; }
    public Topic BalanceTopic { get; }
    public Topic InventoryTopic { get; }

    public Service<StoreRows> Store { get; }
    public Service<BalanceRows> Balance { get; }
    public Service<InventoryRows> Inventory { get; }
    public IReadOnlyList<IService> Services { get; }
    public IReadOnlyList<Tailer> Tailers { get; }

    public IEnumerable<(IService Service, Topic Topic, Tailer Tailer)> Stores =>
        [(Store, StoreTopic, Tailers[0]), (Balance, BalanceTopic, Tailers[1]), (Inventory, InventoryTopic, Tailers[2])];

    /// <summary>The clocks of the services do not agree.</summary>
    public DateTime NowAt(IService service) => Now + _skews[service.Name];

    public Guid NewGuid()
    {
        var bytes = new byte[16];
        Random.NextBytes(bytes);
        return new(bytes);
    }

    /// <summary>
    /// Nothing new and nothing wrong any more: until nothing is left to publish, to read or to handle.
    /// </summary>
    public async Task RestAsync()
    {
        var quiet = 0;
        for (var round = 0; round < MaxRoundsToRest; round++)
        {
            var before = Progress();
            foreach (var tailer in Tailers) tailer.Publish(int.MaxValue / 2);
            foreach (var service in Services)
            {
                service.BecomeVisible();
                foreach (var instance in service.Group.Instances)
                {
                    service.Take(instance, Random, 500);
                    await service.HandleAsync(instance, NowAt(service), Ending.Commits);
                }
            }
            quiet = Progress() == before && !IsUnread() ? quiet + 1 : 0;
            if (quiet == QuietRounds) return;
            if (quiet > 0) Now += QuietRound;
        }
        throw new SimulationStoppedException($"the system does not come to rest within {MaxRoundsToRest} rounds");
    }

    private (int, int, long) Progress() => (
        Services.Sum(service => service.Chain.Events.Count),
        Stores.Sum(store => store.Topic.Count),
        Services.Sum(service => service.Handled.Values.Sum()));

    private bool IsUnread() => Services.Any(service => service.Group.Instances.Any(instance =>
        instance.InHand.Records.Count > 0 || instance.Positions.Any(IsUnread)));

    private bool IsUnread(KeyValuePair<(string Topic, int Partition), long> position) =>
        position.Value < TopicOf(position.Key.Topic)[position.Key.Partition].Count;

    private Topic TopicOf(string name) =>
        Stores.Select(store => store.Topic).Append(Game).Single(topic => topic.Name == name);

    /// <summary>By which the services measure how long something takes.</summary>
    private sealed class Clock(World world) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => world.Now.Ticks;
    }
}
