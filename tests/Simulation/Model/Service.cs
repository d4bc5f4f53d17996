using System.Collections.Concurrent;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.State;

namespace Checkout.Simulation.Model;

/// <summary>How a transaction ends.</summary>
public enum Ending
{
    Commits,
    /// <summary>The process dies before the commit: nothing is durable.</summary>
    Dies,
    /// <summary>
    /// The commit is in the log, so the tailer publishes it, but other transactions do not see it yet.
    /// </summary>
    CommitsUnseen,
}

/// <summary>What all services of the system have, whatever their rows.</summary>
public interface IService
{
    string Name { get; }
    EventChain Chain { get; }
    ConsumerGroup Group { get; }
    Dictionary<(string Topic, int Partition), long> Handled { get; }
    int NotYetVisible { get; }
    int Seen { get; }
    int Gaps { get; }
    int LeftWaiting { get; }

    void Take(Instance instance, Random random, int maxRecords);
    Task HandleAsync(Instance instance, DateTime now, Ending ending);
    Task RebalanceAsync(Random random, DateTime now);
    void BecomeVisible();

    /// <summary>The rows of state, and what a rebuild from the events makes of them.</summary>
    (IReadOnlyList<string> Live, IReadOnlyList<string> Rebuilt) Compare(Random random);
}

/// <summary>
/// One service with its database in memory. Real: the choreography, the decoder, the rule of the chain, the decisions
/// and their ids, the rows that are read and written. Modelled: the transaction, which happens at one moment, as its
/// locks make it seem; compare ReactorPass and Transaction.
/// </summary>
public sealed class Service<TRows>(Choreography<TRows> choreography, EventChain chain, ConsumerGroup group, Flaws flaws)
    : IService
{
    // One of each for all runs: the readers of each schema that a decoder has parsed live as long as the process.
    private static readonly ConcurrentDictionary<Choreography<TRows>, Decoder<TRows>> Decoders = new();
    private static readonly Dictionary<(string, int), Stop> NoStops = [];

    private readonly Decisions<TRows> _decisions = new(choreography);
    private readonly Decoder<TRows> _decoder = Decoders.GetOrAdd(choreography, table => new(table, Wire.Registry));
    private readonly MemoryRows _tables = new() { Check = new Constraints(isShadow: false).Check };

    private Action? _becomesVisible;

    public string Name => choreography.Service;

    public EventChain Chain => chain;

    public ConsumerGroup Group => group;

    public Dictionary<(string Topic, int Partition), long> Handled { get; } = [];

    /// <summary>How often a batch had to wait for its own service's commit to become visible.</summary>
    public int NotYetVisible { get; private set; }

    /// <summary>How many records were dropped, since they were handled before.</summary>
    public int Seen { get; private set; }

    /// <summary>How often a batch met a partition on which records were missing.</summary>
    public int Gaps { get; private set; }

    /// <summary>How often a partition left while records that nothing is due for waited.</summary>
    public int LeftWaiting { get; private set; }

    /// <summary>All rows of a table, as other transactions see them.</summary>
    public IReadOnlyDictionary<TKey, TRow> All<TKey, TRow>(Func<TRows, Table<TKey, TRow>> table)
        where TKey : notnull where TRow : class =>
        _tables.All(table(choreography.RowsOf(new())));

    public void Take(Instance instance, Random random, int maxRecords)
    {
        if (instance.InHand.Records.Count > 0) return;
        instance.HandledWhenRead = new(Handled);
        group.Take(instance, random, choreography.IsChained, _decoder.IsPassedOver, maxRecords);
    }

    /// <summary>
    /// Handles what is in hand, exactly once. Where an own commit is not visible yet it stays in hand.
    /// </summary>
    public async Task HandleAsync(Instance instance, DateTime now, Ending ending)
    {
        if (instance.InHand.Records.Count == 0) return;
        if (await PassAsync(instance, instance.InHand.Records, now, ending) is { } result) group.Done(instance, result);
    }

    /// <summary>Every partition gets an owner by chance.</summary>
    public async Task RebalanceAsync(Random random, DateTime now)
    {
        var owners = group.Deal(random);
        foreach (var instance in group.Losing(owners)) await LeaveAsync(instance, random, now);
        group.Assign(owners);
    }

    /// <summary>Runs commands that come from outside, in one transaction; the rows are as it leaves them.</summary>
    public TRows Run(IReadOnlyList<Work<TRows>> works, DateTime now, Ending ending)
    {
        // Two writers of the same keys, or of the head, wait for each other.
        BecomeVisible();
        var decided = Decide(works, EventTime.Of(now));
        if (ending == Ending.Commits) Commit(decided);
        if (ending != Ending.CommitsUnseen) return decided.Rows;
        chain.Append(decided.Appended);
        _becomesVisible = () => decided.Declared.SaveTo(_tables);
        return decided.Rows;
    }

    public void BecomeVisible()
    {
        _becomesVisible?.Invoke();
        _becomesVisible = null;
    }

    /// <summary>Partition by partition in pages, as Operating/Rebuild does it.</summary>
    public (IReadOnlyList<string> Live, IReadOnlyList<string> Rebuilt) Compare(Random random)
    {
        var shadow = new MemoryRows { Check = new Constraints(isShadow: true).Check };
        var partitions = Enumerable.Range(0, chain.Partitions).ToArray();
        random.Shuffle(partitions);
        foreach (var partition in partitions)
            foreach (var page in chain.Events.Where(e => e.Partition == partition).Chunk(random.Next(1, 20)))
            {
                var events = page.Select(e => Wire.Read(e, choreography)).ToList();
                var (declared, rows) = Load(events, shadow);
                foreach (var e in events) choreography.Describe(e).Change(rows, e);
                declared.SaveTo(shadow);
            }
        var tables = Load([], shadow).Declared.Tables.Where(table => table.IsRebuilt).ToList();
        return (tables.SelectMany(_tables.Texts).ToList(), tables.SelectMany(shadow.Texts).ToList());
    }

    /// <summary>
    /// What waits is handled before the partition leaves; or not in time, or the instance only learns that the
    /// partition is lost: then it drops what is of it.
    /// </summary>
    private async Task LeaveAsync(Instance instance, Random random, DateTime now)
    {
        if (random.Next(4) == 0) return;
        var waiting = instance.Waiting.TakeWith(Fetched.Nothing);
        if (waiting.Records.Count == 0) return;
        LeftWaiting++;
        if (random.Next(2) == 0)
        {
            instance.Waiting.Keep(waiting);
            return;
        }
        if (await PassAsync(instance, waiting.Records, now, Ending.Commits) is { } result)
            group.Store(instance, waiting, result);
    }

    /// <summary>
    /// One transaction; null where it had no effect, since it died or an own commit is not visible yet.
    /// </summary>
    private async Task<PassResult?> PassAsync(
        Instance instance, IReadOnlyList<Incoming> records, DateTime now, Ending ending)
    {
        var decoded = new List<Decoded<TRows>>();
        foreach (var record in records) decoded.Add(await _decoder.DecodeAsync(record, CancellationToken.None));
        var advanced = new Dictionary<(string, int), long>();
        var known = flaws.DoesNotLookAgain ? instance.HandledWhenRead : Handled;
        var handled = records.Select(r => (r.Topic, r.Partition)).Distinct()
            .ToDictionary(partition => partition, known.GetValueOrDefault);
        var (taken, gaps) = Judge(decoded, handled, advanced);
        try
        {
            var begun = EventTime.Of(now);
            var works = taken.Where(d => d.IsOurs).Select(d => WorkOf(d, begun));
            var decided = Decide(works.Where(w => !flaws.NeverRefunds || w.Reaction != "refund-coins").ToList(), begun);
            if (ending == Ending.Dies) return null;
            Commit(decided);
        }
        catch (NotYetVisibleException)
        {
            NotYetVisible++;
            return null;
        }
        Seen += decoded.Count(d =>
            d.Record.HasChain && !taken.Contains(d) && !gaps.ContainsKey((d.Record.Topic, d.Record.Partition)));
        Gaps += gaps.Count;
        foreach (var (partition, position) in advanced) Handled[partition] = handled[partition] = position;
        return new(handled.ToDictionary(h => h.Key, h => new Progress(h.Value, null)), gaps, NoStops);
    }

    private (IReadOnlyList<Decoded<TRows>> Taken, IReadOnlyDictionary<(string, int), long> Gaps) Judge(
        List<Decoded<TRows>> decoded, Dictionary<(string Topic, int Partition), long> handled,
        Dictionary<(string, int), long> advanced)
    {
        if (!flaws.IgnoresTheChain && !flaws.StepsOverGaps)
        {
            var successors = new Successors<TRows>(choreography,
                handled.ToDictionary(h => h.Key, h => new Progress(h.Value, null)), seen: _ => { });
            var next = successors.Of(decoded).ToList();
            foreach (var (partition, progress) in successors.Advanced) advanced[partition] = progress.Position;
            return (next, successors.Gaps);
        }
        var taken = new List<Decoded<TRows>>();
        foreach (var d in decoded)
        {
            var partition = (d.Record.Topic, d.Record.Partition);
            if (d.Record.HasChain)
            {
                if (flaws.StepsOverGaps
                    && d.Record.Position <= advanced.GetValueOrDefault(partition, handled[partition])) continue;
                advanced[partition] = Math.Max(d.Record.Position, advanced.GetValueOrDefault(partition));
            }
            taken.Add(d);
        }
        return (taken, new Dictionary<(string, int), long>());
    }

    private static Work<TRows> WorkOf(Decoded<TRows> decoded, DateTime begun) =>
        decoded.ToWork(begun, out var fault)
        ?? throw new SimulationStoppedException($"a record would be parked: {fault}");

    private (Rows Declared, TRows Rows) Load(IEnumerable<object> steps, MemoryRows tables)
    {
        var declared = new Rows();
        var rows = choreography.RowsOf(declared);
        foreach (var step in steps) declared.Ask(step);
        declared.LoadFrom(tables);
        return (declared, rows);
    }

    private Decided Decide(IReadOnlyList<Work<TRows>> works, DateTime begun)
    {
        var (declared, rows) = Load(works.Select(work => work.Step), _tables);
        var appended = new List<NewEvent>();
        foreach (var given in works)
        {
            var work = flaws.MakesUpIds ? given with { Seed = Guid.NewGuid() } : given;
            appended.AddRange(_decisions.Run(declared, rows, work, begun));
            if (work.FaultText is { } fault) throw new SimulationStoppedException($"{choreography.Service}'s {fault}");
        }
        return new(declared, rows, appended);
    }

    private void Commit(Decided decided)
    {
        // The head's lock: an append waits until the one before it is visible. Its reads are done by then.
        if (decided.Appended.Count > 0) BecomeVisible();
        decided.Declared.SaveTo(_tables);
        chain.Append(decided.Appended);
    }

    /// <summary>A transaction that is not committed yet.</summary>
    private sealed record Decided(Rows Declared, TRows Rows, List<NewEvent> Appended);
}
