using System.Collections.Concurrent;
using Confluent.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// What health and metrics tell of the loop: its partitions, and why work of some is not done.
/// </summary>
public sealed class ReactorState(TimeProvider? time = null, Lag? lag = null) : IHealthCheck
{
    /// <summary>An outage or two are met in passing; what lasts longer is said.</summary>
    private static readonly TimeSpan FailsAfter = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ConcurrentDictionary<TopicPartition, bool> _assigned = new();
    private readonly ConcurrentDictionary<TopicPartition, (long Handled, long Follows)> _held = new();
    private readonly ConcurrentDictionary<TopicPartition, Stop> _stopped = new();
    private readonly ConcurrentDictionary<TopicPartition, (long End, long Handled)> _behind = new();
    private readonly ConcurrentDictionary<string, string> _left = new();
    private readonly ConcurrentDictionary<string, string> _refused = new();
    private volatile Failure? _failure;

    public int AssignedPartitions => _assigned.Count;
    public int HeldPartitions => _held.Count;
    public int BehindPartitions => _behind.Count;
    public int LeftTopics => _left.Count;
    public int Refusals => _refused.Count;

    /// <summary>
    /// Partitions of which nothing is handled though brokers have something, for no reason that is known here.
    /// </summary>
    public int StandingPartitions => Standing().Count();

    /// <summary>Since handling succeeded last, while it fails.</summary>
    public TimeSpan Failing => _failure is { } failure ? _time.GetElapsedTime(failure.Since) : TimeSpan.Zero;

    public int Stopped(StopReason reason) => _stopped.Values.Count(stop => stop.Reason == reason);

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
            _stopped.TryRemove(partition, out _);
            _behind.TryRemove(partition, out _);
        }
    }

    /// <summary>True where it was not held before.</summary>
    /// <param name="follows">The position that the record which came follows.</param>
    public bool TryHold(TopicPartition partition, long handled, long follows) =>
        _held.TryAdd(partition, (handled, follows));

    /// <summary>True where it was held.</summary>
    public bool TryRelease(TopicPartition partition) => _held.TryRemove(partition, out _);

    /// <summary>True where it was not stopped for the same reason at the same record before.</summary>
    public bool TryStop(TopicPartition partition, Stop stop)
    {
        var isNew = !_stopped.TryGetValue(partition, out var before)
            || (before.Reason, before.Offset) != (stop.Reason, stop.Offset);
        _stopped[partition] = stop;
        return isNew;
    }

    /// <summary>True where it was stopped.</summary>
    public bool TryGoOn(TopicPartition partition) => _stopped.TryRemove(partition, out _);

    /// <summary>True where the partition did not end too early before.</summary>
    public bool TryFallBehind(TopicPartition partition, long end, long handled)
    {
        var isNew = !_behind.ContainsKey(partition);
        _behind[partition] = (end, handled);
        return isNew;
    }

    public void Reaches(TopicPartition partition) => _behind.TryRemove(partition, out _);

    /// <summary>True where the topic was not left before.</summary>
    public bool TryLeave(string topic, string why) => _left.TryAdd(topic, why);

    public bool TryTakeUp(string topic) => _left.TryRemove(topic, out _);

    /// <summary>True where Kafka did not refuse it before.</summary>
    /// <param name="what">What this process wants to do there.</param>
    public bool TryRefuse(string what, string sentence) => _refused.TryAdd(what, sentence);

    /// <summary>True where Kafka had refused it.</summary>
    public bool TryAllow(string what) => _refused.TryRemove(what, out _);

    public IReadOnlyCollection<string> Left => [.. _left.Keys];

    /// <summary>Handling did not succeed, and is tried again.</summary>
    public void Fail(string why) => _failure = new(_failure?.Since ?? _time.GetTimestamp(), why);

    public void Succeed() => _failure = null;

    /// <summary>What is not handled degrades: the instance still serves everything else.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        var reasons = Reasons().ToList();
        return Task.FromResult(reasons.Count == 0
            ? HealthCheckResult.Healthy($"{_assigned.Count} partitions")
            : HealthCheckResult.Degraded(string.Join("; ", reasons)));
    }

    private IEnumerable<string> Reasons()
    {
        if (_failure is { } failure && _time.GetElapsedTime(failure.Since) is var since && since > FailsAfter)
            yield return $"handling fails since {since.TotalSeconds:F0} s: {failure.Why}";
        foreach (var sentence in _refused.Values) yield return sentence;
        foreach (var (partition, messages, standing) in Standing())
            yield return $"{Name(partition)} has {messages} records, and none was handled for "
                + $"{standing.TotalSeconds:F0} s";
        foreach (var (topic, why) in _left) yield return $"{topic} is left to other instances: {why}";
        foreach (var stop in _stopped.Where(stop => stop.Value.Reason != StopReason.HandedBack))
            yield return $"{Name(stop.Key)} is stopped at offset {stop.Value.Offset}: {stop.Value.Sentence}";
        foreach (var (partition, (end, handled)) in _behind)
            yield return $"{Name(partition)} ends at position {end}, and {handled} was handled: its store was "
                + "restored, or the topic lost its end";
        var missing = _held.Where(h => h.Value.Follows >= h.Value.Handled).ToList();
        if (missing.Count > 0)
            yield return "a record is missing after "
                + string.Join(", ", missing.Select(h => $"position {h.Value.Handled} of {Name(h.Key)}"));
        foreach (var (partition, (handled, follows)) in _held.Except(missing))
            yield return $"{Name(partition)} goes on behind position {follows}, and {handled} was handled: its store "
                + "has another history than it had";
    }

    private IEnumerable<(TopicPartition Partition, long Messages, TimeSpan For)> Standing() =>
        (lag?.Standing(FailsAfter) ?? []).Where(standing => _failure is null
            && !_stopped.ContainsKey(standing.Partition) && !_held.ContainsKey(standing.Partition)
            && !_behind.ContainsKey(standing.Partition) && !_left.ContainsKey(standing.Partition.Topic));

    private static string Name(TopicPartition partition) => $"{partition.Topic}/{partition.Partition.Value}";

    private sealed record Failure(long Since, string Why);
}
