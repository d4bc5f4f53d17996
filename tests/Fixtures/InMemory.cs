using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.State;

namespace Checkout.Fixtures;

/// <summary>
/// A service's choreography on rows in memory: steps run as in its transactions, without a broker and a database.
/// </summary>
/// <param name="now">When every batch begins, UTC.</param>
public sealed class InMemory<TRows>(Choreography<TRows> choreography, DateTime now)
{
    private readonly Decisions<TRows> _decisions = new(choreography);

    public MemoryRows Memory { get; init; } = new();

    /// <summary>As the last batch left them.</summary>
    public TRows Rows { get; private set; } = choreography.RowsOf(new());

    /// <summary>What was appended so far.</summary>
    public List<NewEvent> Log { get; } = [];

    /// <summary>The names of all rows of the table that lead to events.</summary>
    public IEnumerable<string> Answering =>
    [
        .. choreography.Heard.Where(row => row.Tells.Count > 0).Select(row => row.Name),
        .. choreography.Takes.Select(row => row.Name),
    ];

    /// <summary>Rows that are there before anything happens.</summary>
    public InMemory<TRows> Given(Action<TRows> add)
    {
        var declared = new Rows();
        add(choreography.RowsOf(declared));
        declared.SaveTo(Memory);
        return this;
    }

    /// <summary>The step that is due when the service hears this event.</summary>
    public Work<TRows> Heard(ISpecificRecord e)
    {
        var reaction = choreography.Heard.Single(row => row.Event == e.GetType());
        var record = new Incoming(
            reaction.Topic, Partition: 0, Offset: 0, Position: 0, Previous: null, Key: "", Value: null,
            new Dictionary<string, string>());
        return new Decoded<TRows>(record, reaction, e, Fault: null).ToWork(now, out var fault)
            ?? throw new InvalidOperationException(fault);
    }

    /// <summary>One batch: its events, in order. Faults are on the works.</summary>
    public IReadOnlyList<ISpecificRecord> Run(params IReadOnlyList<Work<TRows>> batch)
    {
        var declared = Loaded(batch.Select(work => work.Step));
        var appended = batch.SelectMany(work => _decisions.Run(declared, Rows, work, now)).ToList();
        declared.SaveTo(Memory);
        Log.AddRange(appended);
        return batch.SelectMany(work => work.Events).ToList();
    }

    /// <summary>One step, in a batch of its own: its events, or its fault.</summary>
    public IReadOnlyList<ISpecificRecord> RunAlone(Work<TRows> step)
    {
        var told = Run(step);
        return step.Fault is null ? told : throw step.Fault;
    }

    /// <summary>
    /// A batch in which something is not visible yet is split, as a service does it; that step comes to nothing.
    /// </summary>
    public IReadOnlyList<ISpecificRecord> Handle(params IReadOnlyList<Work<TRows>> batch)
    {
        try
        {
            return Run(batch);
        }
        catch (NotYetVisibleException)
        {
            return batch.Count == 1 ? [] : batch.SelectMany(work => Handle(work)).ToList();
        }
    }

    /// <summary>A page of a rebuild: events that happened change the rows.</summary>
    public void Apply(IReadOnlyList<ISpecificRecord> page)
    {
        var declared = Loaded(page);
        foreach (var e in page) choreography.Describe(e).Change(Rows, e);
        declared.SaveTo(Memory);
    }

    /// <summary>Runs a step, and says in a line what it is called and which ids its events have.</summary>
    public string IdsOf(Work<TRows> step)
    {
        var before = Log.Count;
        Run(step);
        return $"{step.Reaction}: {string.Join(", ", Log.Skip(before).Select(e => e.EventId))}";
    }

    /// <summary>Steps as a failing property tells them.</summary>
    public static string Text(IEnumerable<Work<TRows>> steps) =>
        string.Join('\n', steps.Select(work => work.Step is ISpecificRecord e ? EventText.Of(e) : $"{work.Step}"));

    private Rows Loaded(IEnumerable<object> steps)
    {
        var declared = new Rows();
        Rows = choreography.RowsOf(declared);
        foreach (var step in steps) declared.Ask(step);
        declared.LoadFrom(Memory);
        return declared;
    }
}
