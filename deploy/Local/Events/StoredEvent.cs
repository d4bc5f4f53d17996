namespace Checkout.Local.Events;

/// <summary>An event as its store keeps it, decoded with the schema that was written beside it.</summary>
public sealed record StoredEvent
{
    public required string Store { get; init; }
    public required string Topic { get; init; }
    public required long Position { get; init; }
    public required long Previous { get; init; }
    public required int Partition { get; init; }
    public required Guid Id { get; init; }
    public required string Key { get; init; }
    public required string Type { get; init; }
    public required DateTime At { get; init; }

    /// <summary>The event that led to this one; none led to a post.</summary>
    public Guid? Cause { get; init; }

    public string? TraceId { get; init; }

    /// <summary>In the schema's order.</summary>
    public required IReadOnlyList<(string Name, object? Value)> Fields { get; init; }

    /// <summary>CheckoutCreated of avatarstore.store.CheckoutCreated.</summary>
    public string Name => Type[(Type.LastIndexOf('.') + 1)..];

    /// <summary>By time, but never before its cause, whatever the services' clocks say.</summary>
    public static IReadOnlyList<StoredEvent> InOrder(IEnumerable<StoredEvent> events)
    {
        var left = events.OrderBy(e => e.At)
            .ThenBy(e => e.Store, StringComparer.Ordinal).ThenBy(e => e.Position).ToList();
        var told = new List<StoredEvent>(left.Count);
        while (left.Count > 0)
        {
            // A circle of causes can't be, but a reader must not hang on one.
            var next = left.Find(e => !left.Exists(other => other.Id == e.Cause)) ?? left[0];
            told.Add(next);
            left.Remove(next);
        }
        return told;
    }
}
