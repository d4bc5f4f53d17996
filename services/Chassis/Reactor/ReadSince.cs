using Confluent.Kafka;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// From which offset on a partition was read without a break. Where there is no chain, nothing on a record says what
/// came before it: only this does. The thread of the loop.
/// </summary>
internal sealed class ReadSince
{
    private readonly Dictionary<TopicPartition, long> _next = [];

    /// <summary>
    /// Reading begins at this offset, or at the first behind it that is still there: what was between is there no more.
    /// </summary>
    public void Begin(TopicPartition partition, Offset at)
    {
        if (at == Offset.Beginning) _next[partition] = 0;
        else if (at.Value >= 0) _next[partition] = at.Value;
        // The client begins where it was told to by somebody else.
        else _next.Remove(partition);
    }

    /// <summary>A record came: between the offset that is answered with and its own there is nothing else.</summary>
    public long Came(TopicPartition partition, long offset)
    {
        var since = _next.TryGetValue(partition, out var next) && next < offset ? next : offset;
        _next[partition] = offset + 1;
        return since;
    }
}
