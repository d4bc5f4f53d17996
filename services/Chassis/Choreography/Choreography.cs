using Avro;
using Avro.Specific;
using Checkout.Chassis.State;

namespace Checkout.Chassis.Choreography;

/// <summary>What a reaction may know of the event it answers, beside the event itself.</summary>
/// <param name="Now">When the batch that handles it began, UTC, by this process's clock.</param>
public sealed record EventContext(Guid EventId, string Type, string Source, DateTime OccurredAt, DateTime Now)
{
    /// <summary>So far this process's clock and that of an event's teller may be apart and decide nothing.</summary>
    public TimeSpan ClockTolerance { get; init; }

    /// <summary>Whether a time that an event gave has passed, whichever of the two clocks is the wrong one.</summary>
    public bool IsPast(DateTime deadline) => Now - ClockTolerance > deadline;
}

/// <summary>
/// The table of a service: a row for each event it hears and each command it takes, with the decision and the events
/// that this may lead to; and a row for each event it tells, with the change of state that the event means.
/// </summary>
/// <param name="rows">Makes the service's declared rows for one transaction.</param>
public sealed class Choreography<TRows>(string service, string topic, Func<Rows, TRows> rows)
{
    private readonly Dictionary<(string Topic, string Type), Reaction<TRows>> _heard = [];
    private readonly HashSet<string> _withoutChain = [];
    private readonly List<string> _followed = [];
    private readonly Dictionary<Type, CommandRow> _commands = [];
    private readonly Dictionary<string, ToldEvent<TRows>> _toldEvents = [];

    public string Service => service;

    /// <summary>The topic of the events this service tells.</summary>
    public string Topic => topic;

    public IEnumerable<string> Topics => _heard.Keys.Select(key => key.Topic).Distinct();

    /// <summary>Every topic that the service reads; its own to see whether its store is behind it.</summary>
    public IEnumerable<string> Read => Topics.Concat(_followed).Append(topic).Distinct();

    public IEnumerable<Reaction<TRows>> Heard => _heard.Values;

    /// <summary>The permanent name of each reaction, and the type of event that it is to.</summary>
    public IEnumerable<(string Topic, string Type, string Name)> Reactions =>
        _heard.Select(row => (row.Key.Topic, row.Key.Type, row.Value.Name));

    public IEnumerable<ToldEvent<TRows>> ToldEvents => _toldEvents.Values;

    /// <summary>The commands it takes, by the permanent name of each, and what each may lead to.</summary>
    public IEnumerable<(string Name, IReadOnlyList<Type> Tells)> Takes =>
        _commands.Values.Select(command => (command.Name, command.Tells));

    /// <summary>
    /// A row: on this event of another service's chain, this decision. The reaction's name is permanent: the ids of the
    /// answers follow from it.
    /// </summary>
    /// <param name="tells">What the decision may lead to; nothing for one that only writes down what it heard.</param>
    public Choreography<TRows> On<TEvent>(
        string topic, string reaction, Func<TRows, TEvent, EventContext, IReadOnlyList<ISpecificRecord>> decide,
        params Type[] tells)
        where TEvent : ISpecificRecord, new() =>
        Add<TEvent>(
            new(topic, reaction, typeof(TEvent), tells, e => e,
                (state, e, context) => decide(state, (TEvent)e, context), BusinessKey: null));

    /// <summary>
    /// A row for a topic without a chain: its facts are known by their business key, however often they are sent. They
    /// commute, so none of them waits for another.
    /// </summary>
    /// <param name="fact">What the fact comes to, with the keys of the rows that it is about.</param>
    public Choreography<TRows> OnFact<TEvent, TFact>(
        string topic, string reaction, Func<TEvent, TFact> fact, Func<TFact, string> businessKey,
        Func<TRows, TFact, IReadOnlyList<ISpecificRecord>> decide, params Type[] tells)
        where TEvent : ISpecificRecord, new() where TFact : notnull =>
        Add<TEvent>(
            new(topic, reaction, typeof(TEvent), tells, e => fact((TEvent)e),
                (state, about, _) => decide(state, (TFact)about),
            about => businessKey((TFact)about)));

    /// <summary>
    /// This reaction may tell several events. Where only the first of them were published before the database was lost,
    /// it decides again, on the state that they led to, and what it tells then are the others.
    /// </summary>
    public Choreography<TRows> Resumes(string reaction)
    {
        var row = _heard.Single(row => row.Value.Name == reaction);
        _heard[row.Key] = row.Value with { Resumes = true };
        return this;
    }

    /// <summary>
    /// A topic that it reads beside and does not react to, as for who waits for what the service tells itself.
    /// </summary>
    public Choreography<TRows> Follows(string topic)
    {
        _followed.Add(topic);
        return this;
    }

    /// <summary>
    /// A row for a command, which stands for what no event stands for: a request, or a fact that an operator gives.
    /// </summary>
    public Choreography<TRows> Take<TCommand>(string name, Func<TRows, TCommand, IReadOnlyList<ISpecificRecord>> decide,
        params Type[] tells)
        where TCommand : notnull
    {
        _commands.Add(typeof(TCommand), new(name, tells, (state, command) => decide(state, (TCommand)command)));
        return this;
    }

    /// <summary>
    /// An event this service tells: its Kafka key, what it belongs to, and the change of state that it means.
    /// </summary>
    /// <param name="of">The correlation; null where it belongs to nothing.</param>
    /// <param name="change">Applies the event's difference to the rows; Change.Nothing where there is none.</param>
    public Choreography<TRows> Tells<TEvent>(Func<TEvent, string> key, Func<TEvent, Guid>? of,
        Action<TRows, TEvent> change)
        where TEvent : ISpecificRecord, new()
    {
        var schema = (RecordSchema)new TEvent().Schema;
        _toldEvents.Add(schema.Fullname,
            new(schema, typeof(TEvent), e => key((TEvent)e), e => of?.Invoke((TEvent)e).ToString(),
                (state, e) => change(state, (TEvent)e)));
        return this;
    }

    public TRows RowsOf(Rows declared) => rows(declared);

    /// <summary>The service's tables of state.</summary>
    public IReadOnlyList<Table> DeclaredTables()
    {
        var declared = new Rows();
        RowsOf(declared);
        return declared.Tables;
    }

    /// <summary>A command of the table, to be run.</summary>
    /// <param name="seed">The id from which the ids of its events follow.</param>
    public Work<TRows> WorkOf<TCommand>(TCommand command, Guid seed) where TCommand : notnull
    {
        var row = _commands.GetValueOrDefault(typeof(TCommand))
            ?? throw new InvalidOperationException($"{service} does not take a {typeof(TCommand).Name}.");
        return new(command, state => row.Decide(state, command), seed, row.Name, row.Tells, Causation: null);
    }

    public Reaction<TRows>? Find(string topic, string eventType) => _heard.GetValueOrDefault((topic, eventType));

    public bool IsChained(string topic) => !_withoutChain.Contains(topic);

    public ToldEvent<TRows> Describe(ISpecificRecord told) =>
        _toldEvents.TryGetValue(((RecordSchema)told.Schema).Fullname, out var found)
        ? found
        : throw new InvalidOperationException(
            $"{service} decided a {told.Schema.Name}, which its choreography does not list under Tells.");

    /// <summary>
    /// What is wrong with the table as a whole, in sentences; a service with such a table does not start.
    /// </summary>
    public IEnumerable<string> Problems()
    {
        var tells = _heard.Values.Select(row => (row.Name, row.Tells))
            .Concat(_commands.Values.Select(row => (row.Name, row.Tells))).ToList();
        var told = _toldEvents.Values.Select(row => row.Type).ToHashSet();
        foreach (var (name, types) in tells)
            foreach (var type in types.Where(type => !told.Contains(type)))
                yield return $"{service}'s {name} may lead to {type.Name}, for which there is no row under Tells.";
        foreach (var type in told.Except(tells.SelectMany(row => row.Tells)))
            yield return $"{service} tells {type.Name}, and none of its rows leads to it.";
        foreach (var name in tells.GroupBy(row => row.Name).Where(same => same.Count() > 1).Select(same => same.Key))
            yield return $"{service} has two rows named {name}; the ids of their events could be the same.";
    }

    private Choreography<TRows> Add<TEvent>(Reaction<TRows> reaction) where TEvent : ISpecificRecord, new()
    {
        _heard.Add((reaction.Topic, ((RecordSchema)new TEvent().Schema).Fullname), reaction);
        if (!reaction.IsChained) _withoutChain.Add(reaction.Topic);
        return this;
    }

    private sealed record CommandRow(string Name, IReadOnlyList<Type> Tells,
        Func<TRows, object, IReadOnlyList<ISpecificRecord>> Decide);
}

/// <summary>A row of the table for an event that is heard.</summary>
/// <param name="About">What the event comes to: itself, or the fact that it stands for.</param>
/// <param name="BusinessKey">Null where the topic is a chain.</param>
public sealed record Reaction<TRows>(
    string Topic, string Name, Type Event, IReadOnlyList<Type> Tells, Func<ISpecificRecord, object> About,
    Func<TRows, object, EventContext, IReadOnlyList<ISpecificRecord>> Decide, Func<object, string>? BusinessKey)
{
    public bool IsChained => BusinessKey is null;

    /// <summary>Whether it may tell several events, and goes on where some of them are there.</summary>
    public bool Resumes { get; init; }
}

/// <summary>A change of state that an event does not make.</summary>
public static class Change
{
    /// <summary>For an event that only tells.</summary>
    public static void Nothing<TRows, TEvent>(TRows rows, TEvent e)
    {
    }
}
