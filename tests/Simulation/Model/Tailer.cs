using Checkout.LogTailer.Chain;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Source;
using Confluent.Kafka;

namespace Checkout.Simulation.Model;

/// <summary>
/// Publishes a store's chain by LogTailer's own rule: a partition takes only the successor of its last record.
/// </summary>
public sealed class Tailer
{
    private readonly EventChain _chain;
    private readonly Topic _topic;
    private readonly Flaws _flaws;
    private readonly KafkaRecord _record;
    private SuccessorRule _rule = new([]);
    private int _next;

    public Tailer(EventChain chain, Topic topic, Flaws flaws)
    {
        (_chain, _topic, _flaws, _record) = (chain, topic, flaws, new(chain.Source));
        Restart();
    }

    public int Waiting => _chain.Events.Count - _next;

    /// <summary>
    /// Reads the ends of the partitions and begins at the start of the store; what is on the topic is skipped.
    /// </summary>
    public void Restart()
    {
        _rule = new(Enumerable.Range(0, _topic.Partitions)
            .Select(p => _topic[p].Select(record => record.Position).DefaultIfEmpty(0).Max()));
        _next = 0;
    }

    public void Publish(int events)
    {
        for (var end = Math.Min(_chain.Events.Count, _next + events); _next < end; _next++)
        {
            var e = _chain.Events[_next];
            var step = _rule.Judge(e.Partition, e.Position, e.Previous);
            if (step == Step.Skip) continue;
            if (step != Step.Publish) throw new SimulationStoppedException(
                $"the tailer of {_chain.Source} found position {e.Position} to be {step}");
            // The flaw: what the rule believes to be on the topic is not.
            if (!_flaws.LosesAnEvent || e.Position != 7) Put(e);
            _rule.Advance(e.Partition, e.Position);
        }
    }

    /// <summary>
    /// A tailer that was frozen wakes, and what it had on its way lands: events that are on the topic already, or that
    /// the living one is about to publish.
    /// </summary>
    public void WakeFrozen(Random random, int maxEvents)
    {
        if (_chain.Events.Count == 0) return;
        var from = random.Next(Math.Min(_next + 1, _chain.Events.Count));
        // Its first event on each partition followed what was there when it froze, so it never leaves a hole.
        foreach (var e in _chain.Events.Skip(from).Take(random.Next(1, maxEvents + 1)))
            if (e.Previous <= _rule.Last(e.Partition)
                || _topic[e.Partition].Any(record => record.Position == e.Previous)) Put(e);
    }

    private void Put(StoredEvent e)
    {
        _record.Fill(e, schemaId: 0);
        var headers = new Headers();
        foreach (var (name, value) in _record.Headers) headers.Add(name.Text, _record[value].ToArray());
        // The schema's id is another in each run of a registry; the simulation's follows from the fingerprint.
        _topic.Append(e.Partition, e.Key, Wire.Frame(e.Payload), headers);
    }
}
