using Confluent.Kafka;

namespace Checkout.Chassis.Reactor;

/// <summary>How far a partition's records reach, seen from what was handled of it.</summary>
internal enum Reaching
{
    /// <summary>To what was handled or beyond.</summary>
    Enough,
    /// <summary>Not yet, and more comes.</summary>
    NotYet,
    /// <summary>What was read does not, and it was not read from its start: a late duplicate may be its last.</summary>
    Unknown,
    /// <summary>It ends before what was handled.</summary>
    Short,
}

/// <summary>
/// Whether a partition still has what was handled of it. One that does not was emptied or made anew, and filled again
/// from a store that was restored: what is told there now gets positions that were handled once, and would be taken for
/// seen. One thread.
/// </summary>
internal sealed class Reach
{
    private readonly Dictionary<TopicPartition, Place> _places = [];

    /// <param name="FromStart">Whether everything that the partition has was read.</param>
    /// <param name="Farthest">The highest position among what was read.</param>
    private readonly record struct Place(bool FromStart, long Farthest);

    public void Forget(TopicPartition partition) => _places.Remove(partition);

    /// <summary>What comes next is the first that the partition has.</summary>
    public void BeginFromStart(TopicPartition partition) => _places[partition] = new(FromStart: true, 0);

    /// <param name="position">On the chain; null where the record is no link of it.</param>
    public void Came(TopicPartition partition, long offset, long? position)
    {
        var place = _places.GetValueOrDefault(partition);
        _places[partition] = new(place.FromStart || offset == 0, Math.Max(place.Farthest, position ?? 0));
    }

    /// <param name="next">The offset that is read next.</param>
    /// <param name="high">The offset behind the partition's last record.</param>
    /// <param name="handled">The position that was handled last.</param>
    public (Reaching Reaching, long Farthest) Of(TopicPartition partition, long next, long high, long handled)
    {
        if (!_places.TryGetValue(partition, out var place) || place.Farthest >= handled)
            return (Reaching.Enough, place.Farthest);
        return (next < high ? Reaching.NotYet : place.FromStart ? Reaching.Short : Reaching.Unknown, place.Farthest);
    }
}
