namespace Checkout.Observer.Looking;

/// <summary>
/// Events in the order in which one led to the other. Their times are of several machines' clocks, and by them alone a
/// story may run backwards; a store's own events keep their positions' order.
/// </summary>
public static class CausalOrder
{
    public static List<SeenEvent> Of(IEnumerable<SeenEvent> events)
    {
        var waiting = events.OrderBy(e => e.At).ThenBy(e => e.Topic, StringComparer.Ordinal).ThenBy(e => e.Position)
            .ToList();
        var ids = waiting.Select(e => e.EventId).ToHashSet();
        var ordered = new List<SeenEvent>(waiting.Count);
        var placed = new HashSet<Guid>();
        while (waiting.Count > 0)
        {
            // A circle, which only a forged event makes, is cut at the earliest.
            var next = waiting.Find(IsDue) ?? waiting[0];
            waiting.Remove(next);
            placed.Add(next.EventId);
            ordered.Add(next);
        }
        return ordered;

        bool IsDue(SeenEvent e) =>
            (e.CauseId is not { } cause || !ids.Contains(cause) || placed.Contains(cause))
            && !waiting.Exists(other => other.Topic == e.Topic && other.Partition == e.Partition
                && other.Position < e.Position);
    }
}
