using Checkout.Chassis.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// Where assigned partitions are read from. On a chain one record before the group's offset, so that the event handled
/// last is compared with what the topic holds there by now. Where there is no chain the database knows better than
/// Kafka what it was given: it may be a backup.
/// </summary>
/// <param name="handled">How far partitions without a chain were handled, as offsets; those that never were are
/// left out.</param>
internal sealed class ReadingStart(
    Func<string, bool> isChained,
    Func<IReadOnlyList<TopicPartition>, CancellationToken, Task<IReadOnlyDictionary<TopicPartition, long>>> handled,
    TimeProvider time, ILogger logger)
{
    /// <summary>Of each of the two questions; the group waits meanwhile.</summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(2);

    /// <param name="beginsAnew">Whether a partition is to be read from its start, whatever was committed.</param>
    public List<TopicPartitionOffset> Of(IConsumer<byte[]?, byte[]?> consumer, List<TopicPartition> assigned,
        Func<TopicPartition, bool> beginsAnew)
    {
        var committed = Committed(consumer, assigned);
        var positions = Positions([.. committed.Keys.Where(p => !isChained(p.Topic))]);
        return assigned.ConvertAll(p => new TopicPartitionOffset(p,
            beginsAnew(p) ? Offset.Beginning
            : !committed.TryGetValue(p, out var offset) ? Offset.Unset
            : isChained(p.Topic) ? offset - 1
            : Math.Min(offset, positions.GetValueOrDefault(p, offset))));
    }

    private Dictionary<TopicPartition, long> Committed(IConsumer<byte[]?, byte[]?> consumer,
        List<TopicPartition> assigned)
    {
        var committed = new Dictionary<TopicPartition, long>();
        try
        {
            foreach (var offset in consumer.Committed(assigned, LongestAnswer))
                if (offset.Offset.Value > 0) committed[offset.TopicPartition] = offset.Offset.Value;
        }
        catch (KafkaException e)
        {
            // The client asks again by itself, and begins there; where the database is behind that, it is said by the
            // first record that comes.
            Log.KafkaError(logger, e.Error.Code.ToString(), e.Error.Reason);
        }
        return committed;
    }

    private IReadOnlyDictionary<TopicPartition, long> Positions(IReadOnlyList<TopicPartition> of)
    {
        if (of.Count == 0) return new Dictionary<TopicPartition, long>();
        using var limit = new CancellationTokenSource(LongestAnswer, time);
        try
        {
            return Task.Run(() => handled(of, limit.Token)).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            // An outage: what the group committed is handled, unless this database is an older one, which the first
            // record that comes will say.
            return new Dictionary<TopicPartition, long>();
        }
    }
}
