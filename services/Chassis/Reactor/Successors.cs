using Checkout.Chassis.Choreography;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.WireFormat;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// Walks a batch in order and gives what may be handled: the next of each partition. What was seen before on a chain is
/// left out, and from a gap or a stop on everything of that partition. One batch.
/// </summary>
/// <param name="handled">How far each of its partitions was handled before.</param>
/// <param name="seen">Told of the topic of what is left out.</param>
internal sealed class Successors<TRows>(
    Choreography<TRows> choreography, IReadOnlyDictionary<(string Topic, int Partition), Progress> handled,
    Action<string> seen)
{
    /// <summary>How far the batch brings each partition.</summary>
    public Dictionary<(string Topic, int Partition), Progress> Advanced { get; } = [];

    /// <summary>The links of chains among what was handled.</summary>
    public List<Incoming> Taken { get; } = [];

    /// <summary>Partitions on which a record is missing, and the position handled last.</summary>
    public Dictionary<(string Topic, int Partition), long> Gaps { get; } = [];

    public Dictionary<(string Topic, int Partition), Stop> Stops { get; } = [];

    /// <summary>One by one: a partition moves on when the next is asked for, unless it was stopped meanwhile.</summary>
    public IEnumerable<Decoded<TRows>> Of(IEnumerable<Decoded<TRows>> batch)
    {
        foreach (var decoded in batch)
        {
            var record = decoded.Record;
            var partition = (record.Topic, record.Partition);
            if (Stops.ContainsKey(partition)) continue;
            var isChained = choreography.IsChained(record.Topic);
            if (isChained && record.HasChain && !IsNext(record, partition)) continue;
            if (!isChained && IsBeyond(record, partition)) continue;
            yield return decoded;
            if (Stops.ContainsKey(partition)) continue;
            if (!isChained) Advanced[partition] = new(record.Offset + 1, null);
            else if (record.HasChain)
            {
                Advanced[partition] = new(record.Position, record.EventId);
                Taken.Add(record);
            }
        }
    }

    public void Stop(Incoming at, StopReason reason, string sentence) =>
        Stops[(at.Topic, at.Partition)] = new(reason, at.Offset, sentence);

    private bool IsNext(Incoming record, (string Topic, int Partition) partition)
    {
        var last = Advanced.TryGetValue(partition, out var moved) ? moved : handled[partition];
        switch (Chain.Place(record.Position, record.Previous!.Value, record.EventId, last.Position, last.EventId))
        {
            case Link.Next:
                Gaps.Remove(partition);
                return true;
            case Link.Gap or Link.OtherPast:
                Gaps[partition] = last.Position;
                return false;
            case Link.OtherEvent:
                Stop(record, StopReason.Contradicts, OtherHistory(record, last));
                return false;
            default:
                seen(record.Topic);
                return false;
        }
    }

    /// <summary>
    /// Where there is no chain: whether some record between what was handled and this one was not read, as when the
    /// database became an older one under the reader.
    /// </summary>
    private bool IsBeyond(Incoming record, (string Topic, int Partition) partition)
    {
        var last = Advanced.TryGetValue(partition, out var moved) ? moved : handled[partition];
        if (record.Since is not { } since || since <= last.Position) return false;
        Gaps[partition] = last.Position;
        return true;
    }

    private static string OtherHistory(Incoming record, Progress last) =>
        $"position {record.Position} of {record.Topic}/{record.Partition} is event {record.EventId} there, and event "
        + $"{last.EventId} was handled at that position: the store behind the topic was restored and gave its "
        + "positions anew, or another store's records came in between. Nothing of the partition is handled until the "
        + "record there is the right one: bring the store back to where it was (docs/operating.md, \"Two histories\")";
}
