using Avro;
using Avro.Specific;

namespace Checkout.Chassis.Tests.Domain;

/// <summary>A record with the two fields every event has, and its own. Its schema's full name is its type's.</summary>
public abstract class TestEvent(Schema schema) : ISpecificRecord
{
    private readonly object?[] _values = [Guid.Empty, DateTime.UnixEpoch,
        .. new object?[((RecordSchema)schema).Fields.Count - 2]];

    public Schema Schema => schema;

    public Guid EventId { get => Read<Guid>(0); set => Put(0, value); }

    public DateTime OccurredAt { get => Read<DateTime>(1); set => Put(1, value); }

    public string Name { get => Read<string>(2); set => Put(2, value); }

    public object Get(int fieldPos) => _values[fieldPos]!;

    public void Put(int fieldPos, object fieldValue) => _values[fieldPos] = fieldValue;

    protected T Read<T>(int field) => _values[field] is T value ? value : default!;

    protected static Schema SchemaOf(string name, params string[] fields) => Schema.Parse(
        $$$"""
        {"type":"record","namespace":"Checkout.Chassis.Tests.Domain","name":"{{{name}}}","fields":[
          {"name":"eventId","type":{"type":"string","logicalType":"uuid"}},
          {"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-micros"}},
          {"name":"name","type":"string"}{{{string.Concat(fields.Select(field => "," + field))}}}]}
        """);
}

/// <summary>Heard on the chain: add a number to a tally.</summary>
public sealed class Asked() : TestEvent(Written)
{
    public static readonly Schema Written = SchemaOf("Asked", """{"name":"number","type":"long"}""",
        """{"name":"note","type":"string","default":"none"}""");

    /// <summary>As a first version would have been, without the note.</summary>
    public static readonly Schema FirstVersion = SchemaOf("Asked", """{"name":"number","type":"long"}""");

    public long Number { get => Read<long>(3); set => Put(3, value); }

    public string Note { get => Read<string>(4); set => Put(4, value); }
}

/// <summary>As a service of the first version tells it.</summary>
public sealed class FirstAsked() : TestEvent(Asked.FirstVersion);

/// <summary>Heard on the chain: answer only if the tally is there (an answer to something of our own).</summary>
public sealed class Confirmed() : TestEvent(Written)
{
    public static readonly Schema Written = SchemaOf("Confirmed");
}

/// <summary>On the chain too, and nothing to the service.</summary>
public sealed class Chatted() : TestEvent(Written)
{
    public static readonly Schema Written = SchemaOf("Chatted");
}

/// <summary>A fact from outside, without a chain, known by its reference.</summary>
public sealed class Tipped() : TestEvent(Written)
{
    public static readonly Schema Written = SchemaOf("Tipped", """{"name":"number","type":"long"}""",
        """{"name":"reference","type":"string"}""");

    public long Number { get => Read<long>(3); set => Put(3, value); }

    public string Reference { get => Read<string>(4); set => Put(4, value); }
}

/// <summary>Told: a tally changed.</summary>
public sealed class Counted() : TestEvent(Written)
{
    public static readonly Schema Written = SchemaOf("Counted", """{"name":"number","type":"long"}""",
        """{"name":"total","type":"long"}""");

    public long Number { get => Read<long>(3); set => Put(3, value); }

    public long Total { get => Read<long>(4); set => Put(4, value); }
}

/// <summary>Told: a tally that is there was confirmed.</summary>
public sealed class Answered() : TestEvent(Written)
{
    public static readonly Schema Written = SchemaOf("Answered");
}
