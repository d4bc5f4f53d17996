using Avro;
using Avro.Specific;

namespace Checkout.Chassis.Choreography;

/// <summary>
/// An event that a service tells. Every one has the fields eventId and occurredAt, which are given when it is appended.
/// </summary>
public sealed class ToldEvent<TRows>(
    RecordSchema schema, Type type, Func<ISpecificRecord, string> key, Func<ISpecificRecord, string?> correlation,
    Action<TRows, ISpecificRecord> change)
{
    private readonly int _eventId = Position(schema, "eventId");
    private readonly int _occurredAt = Position(schema, "occurredAt");

    public RecordSchema Schema => schema;
    public Type Type => type;
    public string Key(ISpecificRecord told) => key(told);
    public string? Correlation(ISpecificRecord told) => correlation(told);

    /// <summary>Applies what the event means to the rows of state.</summary>
    public void Change(TRows rows, ISpecificRecord told) => change(rows, told);

    public void Stamp(ISpecificRecord told, Guid eventId, DateTime occurredAt)
    {
        told.Put(_eventId, eventId);
        told.Put(_occurredAt, occurredAt);
    }

    private static int Position(RecordSchema schema, string field) => schema.TryGetField(field, out var found)
        ? found.Pos
        : throw new InvalidOperationException(
            $"The schema {schema.Fullname} has no field {field}; every event needs one.");
}
