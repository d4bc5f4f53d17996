using Avro;
using Avro.Specific;

namespace Checkout.Chassis.Choreography;

/// <summary>What a reaction may know of the event it answers, beside the event itself.</summary>
/// <param name="Now">When the batch that handles it began, UTC.</param>
public sealed record EventContext(Guid EventId, string Type, string Source, DateTime OccurredAt, DateTime Now);

/// <summary>The table of a service: which event of which topic becomes which command, and which events the service tells.</summary>
public sealed class Choreography<TCommand>(string service, string topic)
{
    private readonly Dictionary<(string Topic, string Type), Reaction<TCommand>> _reactions = [];
    private readonly Dictionary<string, Told> _told = [];

    public string Service => service;

    /// <summary>The topic of the events this service tells.</summary>
    public string Topic => topic;

    public IEnumerable<string> Topics => _reactions.Keys.Select(key => key.Topic).Distinct();

    public IEnumerable<Told> Told => _told.Values;

    /// <summary>One row: on this event of another service's chain, this command. The reaction's name is permanent: the ids of the answers follow from it.</summary>
    public Choreography<TCommand> On<TEvent>(string topic, string reaction, Func<TEvent, EventContext, TCommand> command) where TEvent : ISpecificRecord, new()
    {
        Add<TEvent>(new(topic, reaction, Chained: true, typeof(TEvent), (e, context) => command((TEvent)e, context), BusinessKey: null));
        return this;
    }

    /// <summary>A row for a topic without a chain: its facts are known by their business key, however often they are sent.</summary>
    public Choreography<TCommand> OnFact<TEvent>(
        string topic, string reaction, Func<TEvent, string> businessKey, Func<TEvent, EventContext, TCommand> command) where TEvent : ISpecificRecord, new()
    {
        Add<TEvent>(new(topic, reaction, Chained: false, typeof(TEvent), (e, context) => command((TEvent)e, context), e => businessKey((TEvent)e)));
        return this;
    }

    /// <summary>An event this service tells, with its Kafka key and what it belongs to (null where it belongs to nothing).</summary>
    public Choreography<TCommand> Tells<TEvent>(Func<TEvent, string> key, Func<TEvent, string?>? correlation = null) where TEvent : ISpecificRecord, new()
    {
        var schema = (RecordSchema)new TEvent().Schema;
        _told.Add(schema.Fullname, new(schema, typeof(TEvent), e => key((TEvent)e), e => correlation?.Invoke((TEvent)e)));
        return this;
    }

    public Reaction<TCommand>? Find(string topic, string eventType) => _reactions.GetValueOrDefault((topic, eventType));

    public bool IsChained(string topic) => _reactions.Where(row => row.Key.Topic == topic).All(row => row.Value.Chained);

    public Told Describe(ISpecificRecord told) => _told.TryGetValue(((RecordSchema)told.Schema).Fullname, out var found)
        ? found
        : throw new InvalidOperationException($"{service} decided a {told.Schema.Name}, which its choreography does not list under Tells.");

    private void Add<TEvent>(Reaction<TCommand> reaction) where TEvent : ISpecificRecord, new() =>
        _reactions.Add((reaction.Topic, ((RecordSchema)new TEvent().Schema).Fullname), reaction);
}

/// <summary>A row of the table. BusinessKey is null where the topic is a chain.</summary>
public sealed record Reaction<TCommand>(
    string Topic, string Name, bool Chained, Type Event, Func<ISpecificRecord, EventContext, TCommand> ToCommand, Func<ISpecificRecord, string>? BusinessKey);

/// <summary>An event that a service tells. Every one has the fields eventId and occurredAt, which are given when it is appended.</summary>
public sealed class Told(RecordSchema schema, Type type, Func<ISpecificRecord, string> key, Func<ISpecificRecord, string?> correlation)
{
    private readonly int _eventId = Position(schema, "eventId");
    private readonly int _occurredAt = Position(schema, "occurredAt");

    public RecordSchema Schema => schema;
    public Type Type => type;
    public string Key(ISpecificRecord told) => key(told);
    public string? Correlation(ISpecificRecord told) => correlation(told);

    public void Stamp(ISpecificRecord told, Guid eventId, DateTime occurredAt)
    {
        told.Put(_eventId, eventId);
        told.Put(_occurredAt, occurredAt);
    }

    private static int Position(RecordSchema schema, string field) => schema.TryGetField(field, out var found)
        ? found.Pos
        : throw new InvalidOperationException($"The schema {schema.Fullname} has no field {field}; every event needs one.");
}
