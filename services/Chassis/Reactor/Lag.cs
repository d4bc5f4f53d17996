using System.Diagnostics.Metrics;
using Checkout.Chassis.Telemetry;
using Confluent.Kafka;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// How far handling is behind what the brokers have, by topic, on the partitions of this instance: in records, and for
/// how long the oldest of them is known. What brokers say is a few seconds old, and so is this. What nothing is due for
/// counts as handled when it was read.
/// </summary>
/// <param name="time">For monotonic timestamps.</param>
public sealed class Lag(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, Place> _places = [];

    /// <param name="Next">The offset behind the last that was handled; null until that is known.</param>
    /// <param name="End">As brokers said last.</param>
    /// <param name="Until">An end that was not reached yet when it was said.</param>
    /// <param name="Since">When that was asked.</param>
    /// <param name="MovedAt">When something was handled last.</param>
    private readonly record struct Place(long? Next, long? End, long? Until, long Since, long MovedAt);

    /// <param name="topics">Those that are heard: each begins at 0.</param>
    public void Measure(Meter meter, IReadOnlyCollection<string> topics)
    {
        meter.CreateObservableGauge("reactor.lag.messages", () => Of(topics, Messages), "{message}",
            "Records that brokers have and that are not handled yet, on this instance's partitions.");
        meter.CreateObservableGauge("reactor.lag.duration", () => Of(topics, Seconds), "s",
            "For how long the oldest of them is known; 0 where there is none.");
    }

    public void Assigned(IEnumerable<TopicPartition> partitions)
    {
        lock (_lock)
            foreach (var partition in partitions) _places[partition] = default;
    }

    public void Forget(IEnumerable<TopicPartition> partitions)
    {
        lock (_lock)
            foreach (var partition in partitions) _places.Remove(partition);
    }

    /// <summary>A record came, and is to be handled: where nothing is known yet it is the first.</summary>
    public void Came(TopicPartition partition, long offset)
    {
        lock (_lock)
            if (_places.TryGetValue(partition, out var place) && place.Next is null)
                _places[partition] = place with { Next = offset };
    }

    /// <summary>Everything before this offset was handled, or nothing is due for it.</summary>
    public void Handled(TopicPartition partition, long next)
    {
        lock (_lock)
            if (_places.TryGetValue(partition, out var place))
                _places[partition] = place with
                {
                    Next = next,
                    Until = place.Until <= next ? null : place.Until,
                    MovedAt = next > place.Next ? time.GetTimestamp() : place.MovedAt,
                };
    }

    /// <param name="askedAt">A monotonic timestamp from before the question.</param>
    public void Answered(IEnumerable<KeyValuePair<TopicPartition, long>> ends, long askedAt)
    {
        lock (_lock)
            foreach (var (partition, end) in ends)
                if (_places.TryGetValue(partition, out var place))
                    _places[partition] = place.Until is null && (place.Next ?? place.End) is { } next && end > next
                        // Where nothing came since it was assigned it may begin before: what was appended since is
                        // behind all the same.
                        ? place with { End = end, Next = next, Until = end, Since = askedAt }
                        : place with { End = end };
    }

    /// <summary>
    /// Partitions that have something to handle since so long, and of which nothing was handled for so long.
    /// </summary>
    public IReadOnlyList<(TopicPartition Partition, long Messages, TimeSpan For)> Standing(TimeSpan longerThan)
    {
        lock (_lock)
            return [.. _places.Where(place => place.Value.Until is not null)
                .Select(place => (place.Key, Behind(place.Value),
                    For: time.GetElapsedTime(Math.Max(place.Value.Since, place.Value.MovedAt))))
                .Where(standing => standing.For > longerThan)];
    }

    private IEnumerable<Measurement<double>> Of(IReadOnlyCollection<string> topics,
        Func<IEnumerable<Place>, double> measured)
    {
        lock (_lock)
            return topics.Select(topic => new Measurement<double>(
                measured(_places.Where(place => place.Key.Topic == topic).Select(place => place.Value)),
                new KeyValuePair<string, object?>("messaging.destination.name", topic))).ToList();
    }

    private static double Messages(IEnumerable<Place> places) => places.Sum(Behind);

    private static long Behind(Place place) =>
        place is { Next: { } next, End: { } end } ? Math.Max(0, end - next) : 0;

    private double Seconds(IEnumerable<Place> places) => places.Where(place => place.Until is not null)
        .Select(place => time.GetElapsedTime(place.Since).TotalSeconds).DefaultIfEmpty(0).Max();
}
