using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Telemetry;
using Checkout.Simulation.Tables;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Checkout.Simulation.Model;

/// <summary>How a transaction ends.</summary>
public enum Ending
{
    Commits,
    /// <summary>The process dies before the commit: nothing is durable.</summary>
    Dies,
    /// <summary>The commit is in the log, so the tailer publishes it, but other transactions do not see it yet.</summary>
    CommitsUnseen,
}

/// <summary>What all services of the system have, whatever their commands.</summary>
public interface IService
{
    string Name { get; }
    EventChain Chain { get; }
    ConsumerGroup Group { get; }
    Dictionary<(string Topic, int Partition), long> Handled { get; }
    int NotYetVisible { get; }
    int Seen { get; }
    int Gaps { get; }

    void Take(Instance instance, Random random, int maxRecords);
    Task HandleAsync(Instance instance, DateTime now, Ending ending);
    void BecomeVisible();

    /// <summary>The rows of state, and what a rebuild from the events makes of them.</summary>
    (IReadOnlyList<string> Live, IReadOnlyList<string> Rebuilt) Compare(Random random);
}

/// <summary>
/// One service with its database in memory. Real: the choreography, the decoder, the rule of the chain, the decisions and their ids, the batch of states.
/// Modelled: the transaction, which happens at
/// one moment, as its locks make it seem; compare ReactorPass.ReactAsync and CommandTransaction.
/// </summary>
public sealed class Service<TCommand>(
    Choreography<TCommand> choreography, ITables<TCommand> tables, EventChain chain, ConsumerGroup group, Flaws flaws) : IService
{
    // One of each for all runs: meters live as long as the process, and so do the readers of each schema that a decoder has parsed.
    private static readonly ConcurrentDictionary<Choreography<TCommand>, Decoder<TCommand>> Decoders = new();
    private static readonly ConcurrentDictionary<Choreography<TCommand>, ReactorPass<TCommand>> Passes = new();

    private readonly Decisions<TCommand> _decisions = new(choreography);
    private readonly Decoder<TCommand> _decoder = Decoders.GetOrAdd(choreography, table => new(table, Wire.Registry));

    /// <summary>Asked only which records are next on their chain.</summary>
    private readonly ReactorPass<TCommand> _pass = Passes.GetOrAdd(choreography, table => new(
        table, () => throw new NotSupportedException(), new(table, Wire.Registry), new(table.Topic, "/simulation/0", 1),
        NpgsqlDataSource.Create("Host=never-opened"),
        new(new NoMeters(), table.Service, "correlation", new()), TimeProvider.System, NullLogger<ReactorPass<TCommand>>.Instance));

    private Action? _becomesVisible;

    public string Name => choreography.Service;

    public EventChain Chain => chain;

    public ConsumerGroup Group => group;

    public ITables<TCommand> Tables => tables;

    public Dictionary<(string Topic, int Partition), long> Handled { get; } = [];

    /// <summary>How often a batch had to wait for its own service's commit to become visible.</summary>
    public int NotYetVisible { get; private set; }

    /// <summary>How many records were dropped, since they were handled before.</summary>
    public int Seen { get; private set; }

    /// <summary>How often a batch met a partition on which records were missing.</summary>
    public int Gaps { get; private set; }

    public void Take(Instance instance, Random random, int maxRecords)
    {
        if (instance.InHand.Count > 0) return;
        instance.HandledWhenRead = new(Handled);
        group.Take(instance, random, choreography.IsChained, maxRecords);
    }

    /// <summary>
    /// Handles what the instance has in hand, exactly once, in one transaction. Without an effect where an own commit is not visible yet: the batch stays
    /// in hand.
    /// </summary>
    public async Task HandleAsync(Instance instance, DateTime now, Ending ending)
    {
        if (instance.InHand.Count == 0) return;
        var decoded = new List<Decoded<TCommand>>();
        foreach (var record in instance.InHand) decoded.Add(await _decoder.DecodeAsync(record, CancellationToken.None));
        var advanced = new Dictionary<(string, int), long>();
        var handled = instance.InHand.Select(r => (r.Topic, r.Partition)).Distinct()
            .ToDictionary(p => p, p => (flaws.DoesNotLookAgain ? instance.HandledWhenRead : Handled).GetValueOrDefault(p));
        var (taken, gaps) = Judge(decoded, handled, advanced);
        try
        {
            var works = taken.Where(d => d.IsOurs).Select(d => WorkOf(d, now)).Where(w => !flaws.NeverRefunds || w.Reaction != "refund-coins").ToList();
            var states = Decide(works, now, out var appended);
            if (ending == Ending.Dies) return;
            Commit(states, appended);
        }
        catch (NotYetVisibleException)
        {
            NotYetVisible++;
            return;
        }
        Seen += decoded.Count(d => d.Record.HasChain && !taken.Contains(d) && !gaps.ContainsKey((d.Record.Topic, d.Record.Partition)));
        Gaps += gaps.Count;
        foreach (var (partition, position) in advanced) Handled[partition] = handled[partition] = position;
        group.Done(instance, new(handled, gaps));
    }

    /// <summary>Runs commands that come from outside, in one transaction.</summary>
    public IStateBatch<TCommand> Run(IReadOnlyList<Work<TCommand>> works, DateTime now, Ending ending)
    {
        // Two writers of the same keys, or of the head, wait for each other.
        BecomeVisible();
        var states = Decide(works, ReactorPass<TCommand>.Microseconds(now), out var appended);
        if (ending == Ending.Commits) Commit(states, appended);
        if (ending != Ending.CommitsUnseen) return states;
        chain.Append(appended);
        _becomesVisible = () => tables.Save(states);
        return states;
    }

    public void BecomeVisible()
    {
        _becomesVisible?.Invoke();
        _becomesVisible = null;
    }

    /// <summary>Partition by partition in pages, as Operating/Rebuild does it.</summary>
    public (IReadOnlyList<string> Live, IReadOnlyList<string> Rebuilt) Compare(Random random)
    {
        var shadow = tables.NewShadow();
        var partitions = Enumerable.Range(0, chain.Partitions).ToArray();
        random.Shuffle(partitions);
        foreach (var partition in partitions)
            foreach (var page in chain.Events.Where(e => e.Partition == partition).Chunk(random.Next(1, 20)))
            {
                var events = page.Select(e => Wire.Read(e, choreography)).ToList();
                var states = shadow.NewBatch();
                foreach (var e in events) states.Need(e);
                shadow.Load(states);
                foreach (var e in events) states.Evolve(e);
                shadow.Save(states);
            }
        return (tables.Rows().ToList(), shadow.Rows().ToList());
    }

    private (IReadOnlyList<Decoded<TCommand>> Taken, IReadOnlyDictionary<(string, int), long> Gaps) Judge(
        List<Decoded<TCommand>> decoded, Dictionary<(string Topic, int Partition), long> handled, Dictionary<(string, int), long> advanced)
    {
        if (!flaws.IgnoresTheChain && !flaws.StepsOverGaps) return _pass.Successors(decoded, handled, advanced);
        var taken = new List<Decoded<TCommand>>();
        foreach (var d in decoded)
        {
            var partition = (d.Record.Topic, d.Record.Partition);
            if (d.Record.HasChain)
            {
                if (flaws.StepsOverGaps && d.Record.Position <= advanced.GetValueOrDefault(partition, handled[partition])) continue;
                advanced[partition] = Math.Max(d.Record.Position, advanced.GetValueOrDefault(partition));
            }
            taken.Add(d);
        }
        return (taken, new Dictionary<(string, int), long>());
    }

    private static Work<TCommand> WorkOf(Decoded<TCommand> decoded, DateTime now) =>
        ReactorPass<TCommand>.WorkOf(decoded, ReactorPass<TCommand>.Microseconds(now), out var fault)
        ?? throw new SimulationStoppedException($"a record would be parked: {fault}");

    private IStateBatch<TCommand> Decide(IReadOnlyList<Work<TCommand>> works, DateTime now, out List<NewEvent> appended)
    {
        var states = tables.NewBatch();
        foreach (var work in works) states.Need(work.Command);
        tables.Load(states);
        appended = [];
        foreach (var given in works)
        {
            var work = flaws.MakesUpIds ? given with { Seed = Guid.NewGuid() } : given;
            appended.AddRange(_decisions.Run(states, work, ReactorPass<TCommand>.Microseconds(now)));
            if (work.Fault is { } fault)
                throw new SimulationStoppedException($"{choreography.Service}'s {work.Reaction} threw {fault.GetType().Name}: {fault.Message}");
        }
        return states;
    }

    private void Commit(IStateBatch<TCommand> states, List<NewEvent> appended)
    {
        // The head's lock: an append waits until the one before it is visible. Its reads are done by then.
        if (appended.Count > 0) BecomeVisible();
        tables.Save(states);
        chain.Append(appended);
    }

    private sealed class NoMeters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
