using System.Text;
using Checkout.LogTailer.Source;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Checkout.LogTailer.Sink.InMemory;

/// <summary>
/// Keeps what the consumers have not committed below what the in-memory broker keeps of a partition (it drops the
/// oldest silently, read or not). Sizes are counted generously, uncompressed.
/// </summary>
public sealed class UnreadGuard
{
    /// <summary>
    /// A batch's header (61 bytes) and a record's own fields, as if every record came in a batch of its own.
    /// </summary>
    private const int OverheadBytes = 61 + 24;
    /// <summary>What the names and the other values of the headers come to at most.</summary>
    private const int HeadersEstimateBytes = 600;
    private static readonly TimeSpan AskInterval = TimeSpan.FromMilliseconds(20);
    private const int AsksBeforeSayingSo = 250;
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    private readonly IAdminClient _admin;
    private readonly IReadOnlyList<ConsumerGroupTopicPartitions> _questions;
    private readonly int _limitBytes;
    private readonly Action<string?> _waiting;
    private readonly Queue<(long Offset, int Bytes)>[] _unread;
    private readonly long[] _unreadBytes;
    private readonly long[] _nextOffsets;

    /// <param name="nextOffsets">The offsets that the next records of the partitions will have.</param>
    /// <param name="waiting">Told what is waited for, and null when that is over.</param>
    public UnreadGuard(IAdminClient admin, IEnumerable<string> groups, string topic, IEnumerable<long> nextOffsets,
        int limitBytes, Action<string?> waiting)
    {
        (_admin, _limitBytes, _waiting) = (admin, limitBytes, waiting);
        _nextOffsets = [.. nextOffsets];
        _questions =
            [.. groups.Select(g =>
                new ConsumerGroupTopicPartitions(g, [.. _nextOffsets.Select((_, p) => new TopicPartition(topic, p))]))];
        _unread = [.. _nextOffsets.Select(_ => new Queue<(long, int)>())];
        _unreadBytes = new long[_nextOffsets.Length];
        // How much of what is there already is unread, and how large it is, is not known: count it as full until it is
        // read.
        for (var p = 0; p < _nextOffsets.Length; p++)
            if (_nextOffsets[p] > 0) Count(p, _nextOffsets[p] - 1, limitBytes);
    }

    public bool HasRoom(StoredEvent e) =>
        _unreadBytes[e.Partition] == 0 || _unreadBytes[e.Partition] + BytesOf(e) <= _limitBytes;

    public void Sent(StoredEvent e) => Count(e.Partition, _nextOffsets[e.Partition]++, BytesOf(e));

    private static int BytesOf(StoredEvent e) =>
        OverheadBytes + HeadersEstimateBytes + e.Payload.Length + 2 * Encoding.UTF8.GetMaxByteCount(e.Key.Length)
        + Encoding.UTF8.GetMaxByteCount((e.TraceState?.Length ?? 0) + (e.CorrelationId?.Length ?? 0));

    public async Task RoomAsync(StoredEvent e, CancellationToken stop)
    {
        var asked = 0;
        for (; !HasRoom(e); asked++)
        {
            if (asked == AsksBeforeSayingSo)
                _waiting($"partition {e.Partition} holds what {string.Join(", ", _questions.Select(q => q.Group))} "
                    + $"have not committed, and the in-memory broker would drop it unread");
            if (asked > 0) await Task.Delay(AskInterval, stop);
            await AskAsync();
        }
        if (asked > AsksBeforeSayingSo) _waiting(null);
    }

    private async Task AskAsync()
    {
        // One group a request is all the client allows. Never ListConsumerGroups: against this broker it aborts the
        // process (librdkafka 2.16.0).
        var answers =
            await Task.WhenAll(
                _questions.Select(q =>
                    _admin.ListConsumerGroupOffsetsAsync([q], new() { RequestTimeout = RequestTimeout })
                        .AnsweredAsync(RequestTimeout)));
        for (var p = 0; p < _unread.Length; p++)
        {
            // A group without a commit (-1001) has read nothing.
            var read = answers.Min(a => a[0].Partitions.Find(x => x.Partition.Value == p)?.Offset.Value ?? -1);
            while (_unread[p].TryPeek(out var oldest) && oldest.Offset < read)
            {
                _unread[p].Dequeue();
                _unreadBytes[p] -= oldest.Bytes;
            }
        }
    }

    private void Count(int partition, long offset, int bytes)
    {
        _unread[partition].Enqueue((offset, bytes));
        _unreadBytes[partition] += bytes;
    }
}
