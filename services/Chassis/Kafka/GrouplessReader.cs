using System.Collections.Concurrent;
using Checkout.Chassis.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Checkout.Chassis.Kafka;

/// <summary>
/// Reads whole topics from their ends on, or from where its user says, for this process alone: what every instance has
/// to hear and none has to have handled. It commits nothing, so from the ends on it may miss records (of a topic that
/// was made anew, or lost its end); each time that it begins somewhere anew it says so. Topics that are not there yet,
/// brokers that are away and a client that does not read any more are waited out. One dedicated thread.
/// </summary>
/// <param name="group">Whose rights are used: with ACLs a client may look up no other. It is not joined.</param>
/// <param name="began">Called where it stands at the end of topics: what came before then is not going to come.</param>
/// <param name="came">Called with each record; without its key and value where it is read from its end on.</param>
public sealed class GrouplessReader(KafkaOptions kafka, string group, IReadOnlyCollection<string> topics,
    Action began, Action<ConsumeResult<byte[]?, byte[]?>> came, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);
    /// <summary>Between two looks for a topic that is not there.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    /// <summary>So long a partition's end may move without a record coming; then another client reads.</summary>
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(10);

    /// <summary>The next offset of each partition that is read.</summary>
    private readonly Dictionary<TopicPartition, long> _positions = [];
    private readonly ConcurrentQueue<TopicPartition> _again = new();
    private readonly Standstill _standstill = new(time);
    private long _answeredAt = time.GetTimestamp();
    private long _behind;
    private int _partitions;

    /// <summary>
    /// Where a partition is read from, asked each time that its reading begins; such a reader is given keys and values
    /// too. Null where topics are read from their ends on.
    /// </summary>
    public Func<TopicPartition, long>? From { get; init; }

    /// <summary>
    /// Told of a partition whose records are not those of before: its topic was made anew, or its end is gone. It is
    /// read from its start.
    /// </summary>
    public Action<TopicPartition>? Remade { get; init; }

    /// <summary>
    /// Told where a partition ends each time that this is reached: what no reader is given, such as the marks of
    /// transactions, may lie behind its last record.
    /// </summary>
    public Action<TopicPartition, long>? AtEnd { get; init; }

    /// <summary>How many partitions are read.</summary>
    public int Partitions => Volatile.Read(ref _partitions);

    /// <summary>Records that brokers had and that did not come yet, when they were asked last.</summary>
    public long Behind => Interlocked.Read(ref _behind);

    /// <summary>Reads a partition from where <see cref="From"/> says by now. Any thread may ask.</summary>
    public void ReadAgain(TopicPartition partition) => _again.Enqueue(partition);

    /// <summary>Ends when it is cancelled.</summary>
    public Task RunAsync(CancellationToken stopping) => Blocking.RunAsync(() => Run(stopping));

    private void Run(CancellationToken stopping)
    {
        using var remade = new RemadeTopics(kafka, topics, (_, _) => { });
        using var ends = new AskedEnds(kafka, time);
        while (!stopping.IsCancellationRequested)
            try
            {
                using var consumer = NewConsumer();
                Read(consumer, remade, ends, stopping);
                consumer.Close();
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                Log.GrouplessReaderRestarts(logger, e);
                stopping.WaitHandle.WaitOne(RestartDelay);
            }
    }

    /// <summary>Returns where another client has to read, or at the end.</summary>
    private void Read(IConsumer<byte[]?, byte[]?> consumer, RemadeTopics remade, AskedEnds ends,
        CancellationToken stopping)
    {
        var missing = topics.ToHashSet();
        long? lookedAt = null;
        while (!stopping.IsCancellationRequested)
        {
            if (missing.Count > 0 && (lookedAt is not { } at || time.GetElapsedTime(at) > LookInterval))
            {
                if (TryBegin(consumer, missing)) ends.Want(_positions.Keys);
                lookedAt = time.GetTimestamp();
            }
            GoBack(consumer);
            if (Next(consumer) is { } next) Hear(next);
            if (Forgotten(remade) || Stands(ends)) return;
        }
    }

    private void Hear(ConsumeResult<byte[]?, byte[]?> next)
    {
        if (next.IsPartitionEOF)
        {
            AtEnd?.Invoke(next.TopicPartition, next.Offset.Value);
            return;
        }
        _positions[next.TopicPartition] = next.Offset.Value + 1;
        _standstill.BeginAnew(next.TopicPartition);
        came(next);
    }

    private IConsumer<byte[]?, byte[]?> NewConsumer()
    {
        var config = kafka.Consumer(group);
        // Whatever Kafka:Properties say: what is read here counts as handled by nobody.
        config.EnableAutoCommit = false;
        config.AutoOffsetReset = From is null ? AutoOffsetReset.Latest : AutoOffsetReset.Earliest;
        config.EnablePartitionEof = AtEnd is not null;
        if (From is null) config.ConsumeResultFields = "headers,topic";
        var builder = new ConsumerBuilder<byte[]?, byte[]?>(config);
        if (From is null) builder.SetKeyDeserializer(Unread.Instance).SetValueDeserializer(Unread.Instance);
        return builder
            .SetStatisticsHandler(LostBrokers.Handler(kafka.BootstrapServers, () => Log.BrokersLost(logger)))
            .SetErrorHandler((_, error) => Log.GrouplessReaderTrouble(logger, error.Code.ToString(), error.Reason))
            .SetLogHandler((_, message) => Log.KafkaClient(logger, message.Facility, message.Message))
            .Build();
    }

    /// <summary>
    /// Takes up what is there by now of the topics that were missing: where it was read before, from there on, else
    /// from its end.
    /// </summary>
    private bool TryBegin(IConsumer<byte[]?, byte[]?> consumer, HashSet<string> missing)
    {
        var found = new Dictionary<TopicPartition, long>();
        try
        {
            // By the consumer's own client, since its questions make no topics.
            using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
            foreach (var partition in missing.SelectMany(topic => PartitionsOf(admin, topic)))
                found[partition] = _positions.TryGetValue(partition, out var next) ? next
                    : BeginningOf(partition, consumer.QueryWatermarkOffsets(partition, AskTimeout));
        }
        catch (KafkaException e)
        {
            Log.GrouplessReaderTrouble(logger, e.Error.Code.ToString(), e.Error.Reason);
            return false;
        }
        if (found.Count == 0) return false;
        // Not before: where one did not answer all are asked for again.
        missing.ExceptWith(found.Keys.Select(partition => partition.Topic));
        foreach (var (partition, next) in found) _positions[partition] = next;
        consumer.Assign(_positions.Select(p => new TopicPartitionOffset(p.Key, p.Value)));
        foreach (var partition in _positions.Keys) _standstill.BeginAnew(partition);
        Volatile.Write(ref _partitions, _positions.Count);
        Log.GrouplessReaderBegan(logger, found.Count, string.Join(", ", found.Keys.Select(p => p.Topic).Distinct()));
        began();
        return true;
    }

    private long BeginningOf(TopicPartition partition, WatermarkOffsets marks)
    {
        if (From is null) return marks.High.Value;
        var from = From(partition);
        if (from > marks.High.Value)
        {
            Remade?.Invoke(partition);
            from = 0;
        }
        return Math.Max(from, marks.Low.Value);
    }

    private void GoBack(IConsumer<byte[]?, byte[]?> consumer)
    {
        if (_again.IsEmpty || From is null) return;
        while (_again.TryDequeue(out var partition))
            if (_positions.ContainsKey(partition)) _positions[partition] = From(partition);
        consumer.Assign(_positions.Select(p => new TopicPartitionOffset(p.Key, p.Value)));
    }

    /// <summary>None where the topic is not there.</summary>
    private static List<TopicPartition> PartitionsOf(IAdminClient admin, string topic) =>
        admin.GetMetadata(topic, AskTimeout).Topics.Where(t => t.Topic == topic && !t.Error.IsError)
            .SelectMany(t => t.Partitions.Select(p => new TopicPartition(topic, p.PartitionId))).ToList();

    private ConsumeResult<byte[]?, byte[]?>? Next(IConsumer<byte[]?, byte[]?> consumer)
    {
        try
        {
            return consumer.Consume(PollTimeout);
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            // A topic that is gone, or a broker away: the client goes on by itself.
            Log.GrouplessReaderTrouble(logger, e.Error.Code.ToString(), e.Error.Reason);
            return null;
        }
    }

    private bool Forgotten(RemadeTopics remade)
    {
        var anew = remade.Take();
        foreach (var topic in anew)
        {
            foreach (var partition in _positions.Keys.Where(p => p.Topic == topic).ToList())
            {
                Forget(partition);
                Remade?.Invoke(partition);
            }
            Log.GrouplessReaderReplaced(logger, $"{topic} was made anew");
        }
        return anew.Count > 0;
    }

    private bool Stands(AskedEnds ends)
    {
        if (ends.Take() is not { } answer) return false;
        Interlocked.Exchange(ref _behind,
            answer.Ends.Sum(end => Math.Max(0, end.Value - _positions.GetValueOrDefault(end.Key, end.Value))));
        // Brokers that were away for a while: nothing could be read either.
        if (time.GetElapsedTime(_answeredAt, answer.AskedAt) > LongestStandstill) _standstill.BeginAllAnew();
        _answeredAt = answer.AskedAt;
        _standstill.Answered(answer.Ends, answer.AskedAt);
        if (_standstill.LongerThan(LongestStandstill) is not { } partition) return false;
        Log.GrouplessReaderReplaced(logger, $"the end of {partition.Topic}/{partition.Partition.Value} moves, and "
            + $"nothing came for {LongestStandstill.TotalSeconds:F0} s");
        // What is there could not be read from where it was to go on: the next client begins at the end.
        Forget(partition);
        return true;
    }

    private void Forget(TopicPartition partition)
    {
        _positions.Remove(partition);
        _standstill.Forget(partition);
    }

    /// <summary>Headers say what is to be known; nothing else is copied from native memory.</summary>
    private sealed class Unread : IDeserializer<byte[]?>
    {
        public static readonly Unread Instance = new();

        public byte[]? Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) => null;
    }
}
