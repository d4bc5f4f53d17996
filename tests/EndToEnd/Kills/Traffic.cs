using System.Collections.Concurrent;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Xunit;

namespace Checkout.EndToEnd.Kills;

/// <summary>
/// A customer on every partition, who posts a checkout again and again: each goes through all services, the first
/// bought and the others refunded.
/// </summary>
internal sealed class Traffic : IAsyncDisposable
{
    private const int Partitions = 12;
    private const long Coins = 1_000_000;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    private readonly TestSystem _system;
    private readonly CancellationTokenSource _stop =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly ConcurrentDictionary<string, int> _partitionOf = new();
    private readonly ConcurrentDictionary<string, (string Customer, DateTime PostedAt)> _posted = new();
    private readonly ConcurrentQueue<Reaction> _reactions = new();
    private readonly Lock _reading = new();
    private readonly ReactionLog[] _logs;
    private Task _posting = Task.CompletedTask;

    private Traffic(TestSystem system)
    {
        _system = system;
        _logs = system.Local.Processes.Where(p => !p.Name.StartsWith("logtailer", StringComparison.Ordinal))
            .Select(p => new ReactionLog(p.Name, p.LogFile)).ToArray();
    }

    public static async Task<Traffic> StartAsync(TestSystem system)
    {
        var traffic = new Traffic(system);
        var customers = Players.OnePerPartition(Partitions);
        await Task.WhenAll(customers.Select(customer => system.Game.GiveAsync(customer, Coins)));
        traffic._posting =
            Task.WhenAll(customers.Select((customer, partition) => traffic.PostAsync(customer, partition)));
        return traffic;
    }

    /// <summary>
    /// Returns when both instances of a service handle partitions, and between them all of the topics they read.
    /// </summary>
    public Task UntilSharedAsync(string service) => Eventually.Until(() =>
    {
        ReadOn();
        var lately = Lately(service);
        return lately.Select(r => r.Process).Distinct().Count() == 2
            && lately.GroupBy(r => r.Topic).All(topic => topic.Select(PartitionOf).Distinct().Count() == Partitions);
    }, $"two instances of {service} share the partitions");

    /// <summary>The partitions whose last reaction was this process's.</summary>
    public HashSet<(string Topic, int Partition)> Of(string process)
    {
        ReadOn();
        return _reactions.GroupBy(r => (r.Topic, Partition: PartitionOf(r), Service: ServiceOf(r.Process)))
            .Where(g => g.Key.Service == ServiceOf(process))
            .Where(g => g.MaxBy(r => r.At)!.Process == process).Select(g => (g.Key.Topic, g.Key.Partition)).ToHashSet();
    }

    /// <summary>
    /// Waits until every one of the partitions has been handled again after the death of its process, and tells how
    /// long the first and the last took.
    /// </summary>
    public async Task<(TimeSpan First, TimeSpan Last)> TakenUpAsync(string service,
        HashSet<(string Topic, int Partition)> partitions, DateTime killed, DateTime dead)
    {
        Dictionary<(string, int), DateTime> takenUp = [];
        await Eventually.Until(() =>
        {
            ReadOn();
            takenUp = _reactions.Where(r => ServiceOf(r.Process) == service && r.At > dead
                && partitions.Contains((r.Topic, PartitionOf(r))))
                .GroupBy(r => (r.Topic, PartitionOf(r))).ToDictionary(g => g.Key, g => g.Min(r => r.At));
            return takenUp.Count == partitions.Count;
        }, $"the partitions of {service} are taken up again");
        return (takenUp.Values.Min() - killed, takenUp.Values.Max() - killed);
    }

    /// <summary>How long after this moment Balance handled the first checkout that was posted after it.</summary>
    public async Task<TimeSpan> PublishedAgainAsync(DateTime killed, DateTime dead)
    {
        DateTime? first = null;
        await Eventually.Until(() =>
        {
            ReadOn();
            first = _reactions.Where(r => ServiceOf(r.Process) == "balance"
                && r.Topic == Contracts.Topics.StoreCheckouts && _posted.TryGetValue(r.CheckoutId, out var p)
                && p.PostedAt > dead)
                .Select(r => (DateTime?)r.At).Min();
            return first is not null;
        }, "a checkout posted after the tailer's death is published");
        return first!.Value - killed;
    }

    /// <summary>Returns when everything that was posted has ended.</summary>
    public async Task EndAsync()
    {
        await _stop.CancelAsync();
        await _posting;
        foreach (var (checkoutId, posted) in _posted)
            await _system.Game.EndOfAsync(posted.Customer, Guid.Parse(checkoutId), Players.Patience,
                TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _posting;
        _stop.Dispose();
    }

    private static string ServiceOf(string process) => process.Split('-')[0];

    private int PartitionOf(Reaction reaction) => _partitionOf.GetValueOrDefault(reaction.CheckoutId, -1);

    private List<Reaction> Lately(string service) =>
        _reactions.Where(r => ServiceOf(r.Process) == service && r.At > DateTime.UtcNow - 8 * Every).ToList();

    private void ReadOn()
    {
        lock (_reading)
            foreach (var log in _logs)
                foreach (var reaction in log.ReadOn()) _reactions.Enqueue(reaction);
    }

    private async Task PostAsync(string customer, int partition)
    {
        try
        {
            using var timer = new PeriodicTimer(Every);
            do
            {
                var at = DateTime.UtcNow;
                var posted = await _system.Game.BuyAsync(customer, "gorilla", Guid.NewGuid().ToString(), _stop.Token);
                _posted[posted.CheckoutId.ToString()] = (customer, at);
                _partitionOf[posted.CheckoutId.ToString()] = partition;
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }
}
