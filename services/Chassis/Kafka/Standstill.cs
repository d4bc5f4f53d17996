using Confluent.Kafka;

namespace Checkout.Chassis.Kafka;

/// <summary>
/// Judges whether a partition stands: records are appended to it, none of them comes, and yet nothing says why. What is
/// asked of the brokers is held against what the consumer took, so that a consumer that was forgotten by its client
/// library is found. One thread.
/// </summary>
/// <param name="time">For monotonic timestamps.</param>
internal sealed class Standstill(TimeProvider time)
{
    private readonly Dictionary<TopicPartition, Place> _places = [];

    /// <param name="MovedAt">When a record came last, or reading began.</param>
    /// <param name="End">The partition's end when it was first asked for after that, or where reading began.</param>
    /// <param name="GrownAt">When that end was first seen to have moved on.</param>
    private readonly record struct Place(long MovedAt, long? End, long? GrownAt);

    public IEnumerable<TopicPartition> Partitions => _places.Keys;

    /// <summary>A record came, or reading begins (anew).</summary>
    /// <param name="from">Where it begins: what is there from here on has to come, too, and not only what is appended
    /// later. Null where that is not known.</param>
    public void BeginAnew(TopicPartition partition, long? from = null) =>
        _places[partition] = new(time.GetTimestamp(), from, null);

    public void Forget(TopicPartition partition) => _places.Remove(partition);

    /// <summary>Nothing was read for a while, for a reason of our own.</summary>
    public void BeginAllAnew()
    {
        foreach (var (partition, place) in _places.ToList())
            _places[partition] = place with { MovedAt = time.GetTimestamp(), GrownAt = null };
    }

    /// <param name="askedAt">Before the question: an end from before a record came says nothing about what comes after
    /// it.</param>
    public void Answered(IEnumerable<KeyValuePair<TopicPartition, long>> ends, long askedAt)
    {
        foreach (var (partition, end) in ends)
            if (_places.TryGetValue(partition, out var place) && place.MovedAt <= askedAt)
                // Records that were removed, or a topic made anew, may let it end earlier.
                _places[partition] = place.End is not { } before
                    || end < before ? place with { End = end, GrownAt = null }
                    : end > before ? place with { GrownAt = place.GrownAt ?? askedAt }
                    : place;
    }

    /// <summary>A partition that stands for longer than this; null where none does.</summary>
    public TopicPartition? LongerThan(TimeSpan limit)
    {
        foreach (var (partition, place) in _places)
            if (place.GrownAt is { } grown && time.GetElapsedTime(grown) > limit) return partition;
        return null;
    }
}
