using Checkout.Chassis.Inbox;
using Checkout.Chassis.Reactor;
using Confluent.Kafka;

namespace Checkout.Simulation.Model;

/// <summary>One running instance of a service, with what ReactorLoop keeps in memory: gone when it crashes.</summary>
public sealed class Instance(TimeProvider time)
{
    /// <summary>The assigned partitions, and the offset that is read next from each.</summary>
    public Dictionary<(string Topic, int Partition), long> Positions { get; } = [];

    /// <summary>How far each chain was handled when this instance last heard.</summary>
    public Dictionary<(string Topic, int Partition), long> Handled { get; } = [];

    /// <summary>Partitions that miss a record.</summary>
    internal Rereads Rereads { get; } = new(time);

    /// <summary>Only for a flaw: how far the chains were handled when the records in hand were read.</summary>
    public Dictionary<(string Topic, int Partition), long> HandledWhenRead { get; set; } = [];

    /// <summary>What was read and is not handled yet.</summary>
    internal Fetched InHand { get; set; } = Fetched.Nothing;

    /// <summary>What nothing is due for, and what was read besides; never while something is in hand.</summary>
    internal PassedOver Waiting { get; } = new(PassedOver.LongestWait, time);

    public void Forget((string Topic, int Partition) partition)
    {
        Positions.Remove(partition);
        Handled.Remove(partition);
        Rereads.Forget(new(partition.Topic, partition.Partition));
        Waiting.Forget([new(partition.Topic, partition.Partition)]);
    }
}

/// <summary>
/// The instances of a service as Kafka sees them: which partitions each reads, from where, and the offsets that the
/// group committed. Mirrors what ReactorLoop does.
/// </summary>
public sealed class ConsumerGroup(IReadOnlyList<Topic> topics, int instances, TimeProvider time)
{
    private static readonly Dictionary<(string, int), Progress> NoneHandled = [];
    private static readonly Dictionary<(string, int), long> NoGaps = [];
    private static readonly Dictionary<(string, int), Stop> NoStops = [];

    private readonly Dictionary<string, Topic> _topics = topics.ToDictionary(topic => topic.Name);
    private readonly List<(string Topic, int Partition)> _partitions =
        topics.SelectMany(topic => Enumerable.Range(0, topic.Partitions).Select(partition => (topic.Name, partition)))
        .ToList();

    public Instance[] Instances { get; } = Enumerable.Range(0, instances).Select(_ => new Instance(time)).ToArray();

    public Dictionary<(string Topic, int Partition), long> Committed { get; } = [];

    /// <summary>How often what was read had to wait, since nothing was due for it.</summary>
    public int Waits { get; private set; }

    public bool Reads(string topic) => _topics.ContainsKey(topic);

    /// <summary>An owner by chance for every partition.</summary>
    public IReadOnlyDictionary<(string Topic, int Partition), Instance> Deal(Random random) =>
        _partitions.ToDictionary(partition => partition, _ => Instances[random.Next(Instances.Length)]);

    /// <summary>Those that own something now, and not any more.</summary>
    public IEnumerable<Instance> Losing(IReadOnlyDictionary<(string Topic, int Partition), Instance> owners) =>
        Instances.Where(instance => instance.Positions.Keys.Any(partition => owners[partition] != instance));

    /// <summary>A batch in hand stays in hand: its old owner will still try to commit it.</summary>
    public void Assign(IReadOnlyDictionary<(string Topic, int Partition), Instance> owners)
    {
        foreach (var (partition, owner) in owners)
        {
            if (owner.Positions.ContainsKey(partition)) continue;
            foreach (var instance in Instances) instance.Forget(partition);
            owner.Positions[partition] = Committed.GetValueOrDefault(partition);
        }
    }

    /// <summary>The process dies and starts again with the same partitions, from the committed offsets.</summary>
    public void Crash(Instance instance)
    {
        instance.InHand = Fetched.Nothing;
        instance.Waiting.Clear();
        foreach (var partition in instance.Positions.Keys.ToList())
        {
            instance.Forget(partition);
            instance.Positions[partition] = Committed.GetValueOrDefault(partition);
        }
    }

    /// <summary>
    /// An operator sets the committed offset of a partition back, which Kafka allows while nobody reads it; its owner
    /// then starts from there.
    /// </summary>
    public void Rewind(Random random)
    {
        var partition = _partitions[random.Next(_partitions.Count)];
        Committed[partition] = random.NextInt64(Committed.GetValueOrDefault(partition) + 1);
        var owner = Instances.Single(instance => instance.Positions.ContainsKey(partition));
        owner.Forget(partition);
        owner.Positions[partition] = Committed[partition];
    }

    /// <summary>
    /// Reads on. What nothing is due for waits for a batch with something to do, or until its time is up.
    /// </summary>
    public void Take(
        Instance instance, Random random, Func<string, bool> isChained, Func<Incoming, bool> isPassedOver,
        int maxRecords)
    {
        foreach (var again in instance.Rereads.Due()) ReadFromStart(instance, (again.Topic, again.Partition.Value));
        var taken = Read(instance, random, isChained, isPassedOver, maxRecords);
        if (instance.Waiting.MayWait(taken, isPassedOver,
            p => instance.Handled.TryGetValue(p, out var handled) ? handled : null))
        {
            foreach (var record in taken.Records) instance.Rereads.Forget(new(record.Topic, record.Partition));
            if (taken.Records.Count > 0) Waits++;
            return;
        }
        instance.InHand = instance.Waiting.TakeWith(taken);
        // All of it was seen before.
        if (instance.InHand.Records.Count == 0) Done(instance, new(NoneHandled, NoGaps, NoStops));
    }

    /// <summary>
    /// After the commit of a batch: offsets are committed where the chain fits, and a partition with a gap is read from
    /// its start, once for each position.
    /// </summary>
    public void Done(Instance instance, PassResult result)
    {
        foreach (var (partition, progress) in result.Handled) instance.Handled[partition] = progress.Position;
        foreach (var partition in instance.InHand.Records.Select(record => (record.Topic, record.Partition)).Distinct())
            if (!result.Gaps.TryGetValue(partition, out var handled))
                instance.Rereads.Forget(new(partition.Topic, partition.Partition));
            else if (instance.Rereads.IsDue(new(partition.Topic, partition.Partition), handled))
                ReadFromStart(instance, partition);
        Store(instance, instance.InHand, result);
        instance.InHand = Fetched.Nothing;
    }

    private static void ReadFromStart(Instance instance, (string Topic, int Partition) partition)
    {
        if (instance.Positions.ContainsKey(partition)) instance.Positions[partition] = 0;
    }

    /// <summary>Of a partition that went to another instance nothing can be stored.</summary>
    internal void Store(Instance instance, Fetched taken, PassResult result)
    {
        foreach (var (end, offset) in taken.Ends)
        {
            var partition = (end.Topic, end.Partition.Value);
            if (!result.Gaps.ContainsKey(partition) && instance.Positions.ContainsKey(partition))
                Committed[partition] = offset;
        }
    }

    private Fetched Read(
        Instance instance, Random random, Func<string, bool> isChained, Func<Incoming, bool> isPassedOver,
        int maxRecords)
    {
        var taken = new List<Incoming>();
        var ends = new Dictionary<TopicPartition, long>();
        var partitions = instance.Positions.Keys.ToArray();
        random.Shuffle(partitions);
        // Often only one partition has something ready: that is how topics overtake each other.
        foreach (var partition in random.Next(2) == 0 ? partitions.Take(1) : partitions)
        {
            var records = _topics[partition.Topic][partition.Partition];
            // Out of range, after the topic was made anew: auto.offset.reset is earliest.
            var from = instance.Positions[partition] > records.Count ? 0 : (int)instance.Positions[partition];
            var read = records.Skip(from).Take(random.Next(maxRecords - taken.Count + 1)).ToList();
            instance.Positions[partition] = from + read.Count;
            if (read.Count > 0) ends[new(partition.Topic, partition.Partition)] = from + read.Count;
            var seen = isChained(partition.Topic) ? instance.Handled.GetValueOrDefault(partition) : -1;
            var unseen = read.Where(record => record.Position > seen);
            taken.AddRange(unseen.Select(record => isPassedOver(record) ? record with { Value = null } : record));
        }
        return new(taken, ends);
    }
}
