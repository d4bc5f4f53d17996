namespace Checkout.Faults;

/// <summary>How many events stand twice on which topic, and whether the faults explain it.</summary>
internal sealed class TopicDuplicates
{
    private readonly Dictionary<string, long> _known = [];

    /// <summary>
    /// Records were removed there, and the broker has not stopped in order since. It writes down only once a minute
    /// where partitions now begin (log.flush.start.offset.checkpoint.interval.ms): killed before, it brings back what
    /// was removed, beside what was published again (seen, Kafka 4.3.1).
    /// </summary>
    private readonly HashSet<string> _mayReturn = [];

    private Plan? _plan;

    /// <summary>What these faults do to the topics is taken in; what comes next is judged by them.</summary>
    public void Begin(Plan plan)
    {
        _plan = plan;
        foreach (var fault in plan.Faults) Remember(fault);
    }

    /// <summary>How many duplicates came onto the topic in this round, of so many that are there now.</summary>
    /// <exception cref="ViolationException">Nothing explains them.</exception>
    public long Came(string topic, long duplicates)
    {
        var more = duplicates - _known.GetValueOrDefault(topic);
        if (more > 0 && !IsExplained(topic)) throw new ViolationException(
            $"Nothing in this round explains the {more} duplicates that came onto {topic}");
        _known[topic] = duplicates;
        return Math.Max(0, more);
    }

    private bool IsExplained(string topic) =>
        _plan!.MayDouble || (_mayReturn.Contains(topic) && _plan.Faults.Any(f => f.Kind == FaultKind.BrokerKilled));

    private void Remember(Fault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.TopicsDeleted or FaultKind.ClusterLost:
                // Filled anew they have none of their former duplicates.
                _known.Clear();
                _mayReturn.Clear();
                break;
            case FaultKind.TopicDeleted:
                _known.Remove(fault.Subject);
                _mayReturn.Remove(fault.Subject);
                break;
            case FaultKind.TopicTruncated or FaultKind.RecordsDeleted:
                _known.Remove(fault.Subject);
                _mayReturn.Add(fault.Subject);
                break;
            case FaultKind.BrokerRestarted:
                _mayReturn.Clear();
                break;
        }
    }
}
