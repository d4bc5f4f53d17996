using System.Diagnostics;
using Checkout.LogTailer.Sink;
using Confluent.Kafka;

namespace Checkout.LogTailer.Verifying;

/// <summary>
/// Reads a topic from its start, each partition at the pace it is asked for; what comes too early for one waits in
/// memory, up to a limit. One caller at a time.
/// </summary>
internal sealed class TopicRecords : IDisposable
{
    private const int MaxAheadRecords = 5_000;
    private const long MaxAheadBytes = 64 << 20;
    /// <summary>So many times longer is waited for what is known to be there.</summary>
    private const int SlownessFactor = 10;
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WatermarkTimeout = TimeSpan.FromSeconds(10);

    private readonly string _topic;
    private readonly IConsumer<byte[], byte[]> _consumer;
    // A broker answers a connection's requests one after the other: a question for an end would wait behind a fetch
    // that waits for records, half a second for each partition.
    private readonly IConsumer<byte[], byte[]> _asking;
    private readonly Queue<ConsumeResult<byte[], byte[]>>[] _ahead;
    private readonly HashSet<int> _paused = [];
    private readonly long[] _next;
    private long _aheadBytes;

    public TopicRecords(KafkaClients kafka, string topic, int partitions)
    {
        _topic = topic;
        _consumer = kafka.Consumer();
        _asking = kafka.Consumer();
        _ahead = [.. Enumerable.Range(0, partitions).Select(_ => new Queue<ConsumeResult<byte[], byte[]>>())];
        _next = new long[partitions];
        _consumer.Assign(Enumerable.Range(0, partitions)
            .Select(p => new TopicPartitionOffset(topic, p, Offset.Beginning)));
    }

    /// <summary>
    /// The partition's next record, which stays the next until it is taken; null when it has no further one and no
    /// partition had one for so long.
    /// </summary>
    /// <exception cref="KafkaException">Records are there and do not come, or the brokers do not say.</exception>
    public ValueTask<ConsumeResult<byte[], byte[]>?> PeekAsync(int partition, TimeSpan patience,
        CancellationToken stop) =>
        _ahead[partition].TryPeek(out var record) ? new(record)
            : new(Task.Run(() => Peek(partition, patience, stop), stop));

    private ConsumeResult<byte[], byte[]>? Peek(int partition, TimeSpan patience, CancellationToken stop)
    {
        for (var silent = Stopwatch.StartNew(); _ahead[partition].Count == 0;)
        {
            stop.ThrowIfCancellationRequested();
            if (Consume() is { } record)
            {
                KeepAhead(record, wanted: partition);
                silent.Restart();
            }
            else if (silent.Elapsed > patience)
            {
                if (!HasMore(partition)) return null;
                if (silent.Elapsed > patience * SlownessFactor)
                    throw new KafkaException(new Error(ErrorCode.Local_TimedOut, "the records at the end of "
                        + $"{_topic}/{partition} did not come within {silent.Elapsed.TotalSeconds:F0} s."));
            }
        }
        return _ahead[partition].Peek();
    }

    public void Take(int partition)
    {
        var record = _ahead[partition].Dequeue();
        _aheadBytes -= Bytes(record);
        _next[partition] = record.Offset.Value + 1;
        if (_ahead[partition].Count == 0 && _paused.Remove(partition)) _consumer.Resume([new(_topic, partition)]);
    }

    /// <summary>The offset after the last record that was on the partition when this was asked.</summary>
    public long End(int partition) => Watermarks(partition).High.Value;

    /// <summary>The offset after the last record taken; 0 where none was.</summary>
    public long Next(int partition) => _next[partition];

    public void Dispose()
    {
        _consumer.Dispose();
        _asking.Dispose();
    }

    /// <summary>Asked with none waiting in memory, so that the next to come is the next to take.</summary>
    private bool HasMore(int partition)
    {
        try
        {
            var marks = Watermarks(partition);
            return Math.Max(_next[partition], marks.Low.Value) < marks.High.Value;
        }
        catch (KafkaException e)
            when (e.Error.Code is ErrorCode.Local_UnknownPartition or ErrorCode.Local_UnknownTopic
                or ErrorCode.UnknownTopicOrPart)
        {
            return false;
        }
    }

    private WatermarkOffsets Watermarks(int partition) =>
        _asking.QueryWatermarkOffsets(new(_topic, partition), WatermarkTimeout);

    private ConsumeResult<byte[], byte[]>? Consume()
    {
        try
        {
            return _consumer.Consume(PollTimeout) is { IsPartitionEOF: false } record ? record : null;
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            // A topic that is not there, or brokers that are away: what they say of the end decides.
            return null;
        }
    }

    private void KeepAhead(ConsumeResult<byte[], byte[]> record, int wanted)
    {
        var partition = record.Partition.Value;
        _ahead[partition].Enqueue(record);
        _aheadBytes += Bytes(record);
        var isEnough = _ahead[partition].Count >= MaxAheadRecords || _aheadBytes >= MaxAheadBytes;
        if (isEnough && partition != wanted && _paused.Add(partition)) _consumer.Pause([new(_topic, partition)]);
    }

    private static int Bytes(ConsumeResult<byte[], byte[]> record) => record.Message.Value?.Length ?? 0;
}
