using System.Collections.Concurrent;
using Confluent.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// What health and metrics tell of the loop: its partitions, and those held because a record is missing.
/// </summary>
public sealed class ReactorState : IHealthCheck
{
    private readonly ConcurrentDictionary<TopicPartition, bool> _assigned = new();
    private readonly ConcurrentDictionary<TopicPartition, long> _held = new();

    public int AssignedPartitions => _assigned.Count;
    public int HeldPartitions => _held.Count;

    public void Add(IEnumerable<TopicPartition> partitions)
    {
        foreach (var partition in partitions) _assigned[partition] = true;
    }

    public void Forget(IEnumerable<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _assigned.TryRemove(partition, out _);
            _held.TryRemove(partition, out _);
        }
    }

    /// <summary>True where it was not held before.</summary>
    public bool TryHold(TopicPartition partition, long handled) => _held.TryAdd(partition, handled);

    /// <summary>True where it was held.</summary>
    public bool TryRelease(TopicPartition partition) => _held.TryRemove(partition, out _);

    /// <summary>A held partition degrades: the instance still serves everything else.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default) => Task.FromResult(_held.IsEmpty
        ? HealthCheckResult.Healthy($"{_assigned.Count} partitions")
        : HealthCheckResult.Degraded("a record is missing after "
            + string.Join(", ", _held.Select(h => $"position {h.Value} of {h.Key.Topic}/{h.Key.Partition.Value}"))));
}
