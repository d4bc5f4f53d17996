using Checkout.Chassis.WireFormat;
using Checkout.LogTailer.Sink;
using Confluent.Kafka;

namespace Checkout.LogTailer.Chain;

/// <summary>One partition while its end is looked for: a range of it, read by the rule of the consumers.</summary>
/// <param name="accounted">Null where this process knows nothing of the partition.</param>
public sealed class PartitionChain(TopicPartition partition, long first, long next, bool mustBeWhole,
    Accounted? accounted = null)
{
    private bool _fromStart;
    private bool _hasGap;
    private bool _goesBack;
    private int _growths = -1;
    // Null until a record of the range tells: what it follows is believed.
    private long? _handled;
    private long _highest;
    private long _lastPosition;
    private long _bytes;
    private bool _isAnother = accounted?.NextOffset > next;
    private readonly Queue<ConsumeResult<byte[], byte[]>> _last = [];
    private long _lastBytes;

    public TopicPartition Partition => partition;
    public bool MustBeWhole => mustBeWhole;
    public long Records => next - first;

    /// <summary>
    /// As a rule a few records. What lies beyond what is accounted for is read wholly: a tailer that slept may have
    /// sent more than a window of records ahead of what is missing before them.
    /// </summary>
    public long FirstWindow =>
        PartitionEnds.WindowRecords + Math.Max(0, next - (accounted?.NextOffset ?? next));
    public long Window { get; private set; }
    public long From { get; private set; }
    public long Until { get; private set; }
    public bool IsHeadless { get; private set; }

    /// <summary>
    /// Nothing of the store is in the range: others wrote behind it, or it has not begun. Or records are missing in it,
    /// or seem to be because late duplicates lie at its beginning: what is before it will say. So it will where
    /// positions go back: whether what they go back from belongs to the chain is to be seen where that begins.
    /// </summary>
    public bool NeedsMore => From > first
        && (_highest == 0 || _hasGap || _isAnother || (_goesBack && _growths == 0));

    /// <summary>
    /// The range to read next. All of the partition where the record that this process accounted for last is not there
    /// any more: the brokers lost the end of the partition, and what has come since may lie above the hole.
    /// </summary>
    public long NextWindow => _isAnother ? Records : Window * PartitionEnds.WindowGrowth;

    /// <summary>
    /// The range of the last records; all of them where the partition does not begin with the store's first event.
    /// </summary>
    public void Begin(long window)
    {
        var all = IsHeadless || window >= Records;
        Begin(all ? first : next - window, next);
        Window = window;
        _growths++;
    }

    /// <summary>The range of the first records, only to see how the partition begins.</summary>
    public void BeginAtStart(long window) => Begin(first, first + window);

    private void Begin(long from, long until)
    {
        (From, Until, _hasGap, _goesBack, _highest, _bytes, _lastBytes) = (from, until, false, false, 0, 0, 0);
        _last.Clear();
        _fromStart = from == first;
        _handled = _fromStart && mustBeWhole ? 0 : null;
    }

    public void Take(ConsumeResult<byte[], byte[]> record)
    {
        _bytes += Bytes(record);
        var isEvent = PublishedEvent.TryPlace(record, out var position, out var previous, out _);
        _lastPosition = isEvent ? position : Accounted.NoEvent;
        if (record.Offset.Value == accounted?.NextOffset - 1 && _lastPosition != accounted?.Position) _isAnother = true;
        if (!isEvent) return;
        if (_highest == 0 && _fromStart && mustBeWhole && previous != 0) IsHeadless = true;
        if (position > _highest) Keep(record, position);
        switch (_handled is { } handled ? Chassis.WireFormat.Chain.Place(position, previous, handled) : Link.Next)
        {
            case Link.Next: _handled = position; break;
            case Link.Gap: _hasGap = true; break;
            case Link.Seen: _goesBack = true; break;
        }
    }

    /// <summary>The last ones, as many as there is room for.</summary>
    private void Keep(ConsumeResult<byte[], byte[]> record, long position)
    {
        _highest = position;
        _last.Enqueue(record);
        _lastBytes += Bytes(record);
        while (_last.Count > 1
            && (_last.Count > PartitionEnds.WindowRecords || _lastBytes > PartitionEnds.MaxKeptBytes))
            _lastBytes -= Bytes(_last.Dequeue());
    }

    private static int Bytes(ConsumeResult<byte[], byte[]> record) => record.Message.Value?.Length ?? 0;

    /// <summary>When no more is needed; at position 0 where nothing of the store is in all of the partition.</summary>
    public PartitionEnd End => new(first, new(next, _lastPosition), _handled ?? 0, _bytes,
        [.. _last.Select(PublishedEvent.From).OfType<PublishedEvent>()]);
}
