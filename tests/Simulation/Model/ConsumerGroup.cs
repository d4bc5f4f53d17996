using Checkout.Chassis.Reactor;

namespace Checkout.Simulation.Model;

/// <summary>One running instance of a service, with what ReactorLoop keeps in memory: gone when it crashes.</summary>
public sealed class Instance
{
    /// <summary>The assigned partitions, and the offset that is read next from each.</summary>
    public Dictionary<(string Topic, int Partition), long> Positions { get; } = [];

    /// <summary>How far each chain was handled when this instance last heard.</summary>
    public Dictionary<(string Topic, int Partition), long> Handled { get; } = [];

    public HashSet<(string Topic, int Partition)> ReadFromStart { get; } = [];

    /// <summary>Only for a flaw: how far the chains were handled when the records in hand were read.</summary>
    public Dictionary<(string Topic, int Partition), long> HandledWhenRead { get; set; } = [];

    /// <summary>Records that were read and are not handled yet.</summary>
    public List<Incoming> InHand { get; } = [];

    public void Forget((string Topic, int Partition) partition)
    {
        Positions.Remove(partition);
        Handled.Remove(partition);
        ReadFromStart.Remove(partition);
    }
}

/// <summary>
/// The instances of a service as Kafka sees them: which partitions each reads, from where, and the offsets that the group committed. Mirrors what
/// ReactorLoop does.
/// </summary>
public sealed class ConsumerGroup(IReadOnlyList<Topic> topics, int instances)
{
    private readonly Dictionary<string, Topic> _topics = topics.ToDictionary(topic => topic.Name);
    private readonly List<(string Topic, int Partition)> _partitions =
        topics.SelectMany(topic => Enumerable.Range(0, topic.Partitions).Select(partition => (topic.Name, partition))).ToList();

    public Instance[] Instances { get; } = Enumerable.Range(0, instances).Select(_ => new Instance()).ToArray();

    public Dictionary<(string Topic, int Partition), long> Committed { get; } = [];

    public bool Reads(string topic) => _topics.ContainsKey(topic);

    /// <summary>Every partition gets an owner by chance. A batch in hand stays in hand: its old owner will still try to commit it.</summary>
    public void Rebalance(Random random)
    {
        foreach (var partition in _partitions)
        {
            var owner = Instances[random.Next(Instances.Length)];
            if (owner.Positions.ContainsKey(partition)) continue;
            foreach (var instance in Instances) instance.Forget(partition);
            owner.Positions[partition] = Committed.GetValueOrDefault(partition);
        }
    }

    /// <summary>The process dies and starts again with the same partitions, from the committed offsets.</summary>
    public void Crash(Instance instance)
    {
        instance.InHand.Clear();
        foreach (var partition in instance.Positions.Keys.ToList())
        {
            instance.Forget(partition);
            instance.Positions[partition] = Committed.GetValueOrDefault(partition);
        }
    }

    /// <summary>
    /// An operator sets the committed offset of a partition back, which Kafka allows while nobody reads it; its owner then starts from there.
    /// </summary>
    public void Rewind(Random random)
    {
        var partition = _partitions[random.Next(_partitions.Count)];
        Committed[partition] = random.NextInt64(Committed.GetValueOrDefault(partition) + 1);
        var owner = Instances.Single(instance => instance.Positions.ContainsKey(partition));
        owner.Forget(partition);
        owner.Positions[partition] = Committed[partition];
    }

    public void Take(Instance instance, Random random, Func<string, bool> isChained, int maxRecords)
    {
        var partitions = instance.Positions.Keys.ToArray();
        random.Shuffle(partitions);
        // Often only one partition has something ready: that is how topics overtake each other.
        foreach (var partition in random.Next(2) == 0 ? partitions.Take(1) : partitions)
        {
            var records = _topics[partition.Topic][partition.Partition];
            // Out of range, after the topic was made anew: auto.offset.reset is earliest.
            var from = instance.Positions[partition] > records.Count ? 0 : (int)instance.Positions[partition];
            var read = records.Skip(from).Take(random.Next(maxRecords - instance.InHand.Count + 1)).ToList();
            instance.Positions[partition] = from + read.Count;
            instance.InHand.AddRange(read.Where(r => !isChained(r.Topic) || r.Position > instance.Handled.GetValueOrDefault(partition)));
        }
    }

    /// <summary>After the commit of a batch: offsets are committed where the chain fits, and a partition with a gap is read from its start once.</summary>
    public void Done(Instance instance, PassResult result)
    {
        foreach (var (partition, position) in result.Handled) instance.Handled[partition] = position;
        foreach (var batch in instance.InHand.GroupBy(record => (record.Topic, record.Partition)))
            if (!result.Gaps.ContainsKey(batch.Key))
            {
                instance.ReadFromStart.Remove(batch.Key);
                if (instance.Positions.ContainsKey(batch.Key)) Committed[batch.Key] = batch.Last().Offset + 1;
            }
            else if (instance.ReadFromStart.Add(batch.Key) && instance.Positions.ContainsKey(batch.Key))
            {
                instance.Positions[batch.Key] = 0;
            }
        instance.InHand.Clear();
    }
}
