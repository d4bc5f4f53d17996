using System.Buffers.Text;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;

namespace Checkout.LogTailer;

/// <summary>One partition while its end is looked for: a range of it, read by the rule of the consumers.</summary>
/// <param name="accounted">Up to where this process knows what is there; beyond may be another's, of any
/// length.</param>
public sealed class PartitionChain(TopicPartition partition, long first, long next, bool mustBeWhole,
    long accounted = long.MaxValue)
{
    private bool _fromStart;
    private bool _hasGap;
    private bool _goesBack;
    // Null until a record of the range tells: what it follows is believed.
    private long? _handled;
    private long _highest;
    private Guid _highestId;

    public TopicPartition Partition => partition;
    public bool MustBeWhole => mustBeWhole;
    public long Records => next - first;
    public long FirstWindow => PartitionEnds.WindowRecords + Math.Max(0, next - accounted);
    public long Window { get; private set; }
    public long From { get; private set; }
    public long Until { get; private set; }
    public bool IsHeadless { get; private set; }

    /// <summary>
    /// Records are missing in the range, or seem to be because late duplicates lie at its beginning: what is before it
    /// will say. So it will where positions go back: whether what they go back from belongs to the chain is to be seen
    /// where that begins.
    /// </summary>
    public bool NeedsMore => From > first && (_hasGap || (_goesBack && Window == FirstWindow));

    /// <summary>
    /// The range of the last records; all of them where the partition does not begin with the store's first event.
    /// </summary>
    public void Begin(long window)
    {
        var all = IsHeadless || window >= Records;
        Begin(all ? first : next - window, next);
        Window = window;
    }

    /// <summary>The range of the first records, only to see how the partition begins.</summary>
    public void BeginAtStart(long window) => Begin(first, first + window);

    private void Begin(long from, long until)
    {
        (From, Until, _hasGap, _goesBack, _highest) = (from, until, false, false, 0);
        _fromStart = from == first;
        _handled = _fromStart && mustBeWhole ? 0 : null;
    }

    public void Take(Headers headers)
    {
        if (!TryNumber(headers, EventHeaders.Sequence, out var position)
            || !TryNumber(headers, EventHeaders.Previous, out var previous)) return;
        if (_highest == 0 && _fromStart && mustBeWhole && previous != 0) IsHeadless = true;
        if (position > _highest && headers.TryGetLastBytes(EventHeaders.Id, out var id)
            && Utf8Parser.TryParse(id, out Guid eventId, out _))
            (_highest, _highestId) = (position, eventId);
        switch (_handled is { } handled ? Chain.Place(position, previous, handled) : Link.Next)
        {
            case Link.Next: _handled = position; break;
            case Link.Gap: _hasGap = true; break;
            case Link.Seen: _goesBack = true; break;
        }
    }

    public PartitionEnd End => Records == 0 || _highest > 0
        ? new(first, next, _handled ?? 0, _highest, _highestId)
        : throw new PublicationStoppedException(
            $"None of the last {Until - From} records of {partition.Topic} partition {partition.Partition.Value} is "
                + "an event of a store: something else writes to this topic. Stop it, and make the topic anew; it "
                + "is filled from the store.");

    private static bool TryNumber(Headers headers, string name, out long number)
    {
        number = 0;
        return headers.TryGetLastBytes(name, out var text) && Utf8Parser.TryParse(text, out number, out var read)
            && read == text.Length;
    }
}
