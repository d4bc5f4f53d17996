using System.Globalization;

namespace Checkout.Local.Events;

/// <summary>
/// A checkout's events as text: when, where in which store, what, because of what, and everything it says.
/// </summary>
internal static class EventListing
{
    // They stand in the line above the fields already.
    private static readonly HashSet<string> SaidAbove = ["eventId", "occurredAt", "checkoutId"];

    public static IEnumerable<string> Of(Guid checkout, IReadOnlyList<StoredEvent> events)
    {
        var began = events[0].At;
        var traces = string.Join(", ", events.Select(e => e.TraceId).OfType<string>().Distinct());
        yield return Line($"Checkout {checkout}: {events.Count} events from {Text(began)}, trace {traces}");
        var names = events.ToDictionary(e => e.Id, e => e.Name);
        foreach (var e in events)
        {
            yield return "";
            var after = (e.At - began).TotalMilliseconds;
            yield return Line($"{after,10:F1} ms  {e.Name,-20} {e.Topic}/{e.Partition} position {e.Position}");
            yield return $"{"",15}{Chain(e, names)}";
            var fields = e.Fields.Where(f => !SaidAbove.Contains(f.Name)).Select(f => $"{f.Name}: {Text(f.Value)}");
            yield return $"{"",15}{string.Join(", ", fields)}";
        }
    }

    private static string Chain(StoredEvent e, Dictionary<Guid, string> names)
    {
        var cause = e.Cause is not { } id ? "by a post"
            : names.TryGetValue(id, out var name) ? $"because of {name}"
            : $"because of event {id}";
        return Line($"event {e.Id}, {cause}, previous on its partition {e.Previous}");
    }

    private static string Text(object? value) => value switch
    {
        null => "null",
        DateTime time => time.ToUniversalTime()
            .ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
        long number => number.ToString("N0", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private static string Line(FormattableString text) => FormattableString.Invariant(text);
}
