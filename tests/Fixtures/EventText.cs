using System.Globalization;
using Avro;
using Avro.Specific;

namespace Checkout.Fixtures;

/// <summary>
/// Generated events are equal by reference only: here one is a line of text with everything that was decided, and
/// without the id and time that it gets when it is appended.
/// </summary>
public static class EventText
{
    private static readonly string[] GivenWhenAppended = ["eventId", "occurredAt"];

    public static string Of(ISpecificRecord e) => $"{e.Schema.Name} " + string.Join(", ",
        from field in ((RecordSchema)e.Schema).Fields
        where !GivenWhenAppended.Contains(field.Name)
        let value = e.Get(field.Pos) is DateTime time
            ? time.ToString("O") : Convert.ToString(e.Get(field.Pos), CultureInfo.InvariantCulture)
        select $"{field.Name}: {value}");

    public static IReadOnlyList<string> Of(IEnumerable<ISpecificRecord> events) => events.Select(Of).ToList();
}
