namespace Checkout.LogTailer.Chain;

public enum Step
{
    /// <summary>The successor of the partition's last record.</summary>
    Publish,

    /// <summary>At or before the partition's last record: it is on the topic already.</summary>
    Skip,

    /// <summary>
    /// Events between the partition's last record and this one are not on the topic: they come first.
    /// </summary>
    Missing,

    /// <summary>
    /// The partition's last record is none that this event could follow: the topic holds another history.
    /// </summary>
    Contradiction,
}

/// <summary>
/// A partition takes only the successor of its last record. Start after a crash, a lost slot, a lost topic and a broker
/// that forgot are this one rule. Used by one thread at a time.
/// </summary>
public sealed class SuccessorRule(IEnumerable<long> last)
{
    private readonly long[] _last = [.. last];

    public int Partitions => _last.Length;

    /// <summary>The position of the last event sent to this partition; 0 for none.</summary>
    public long Last(int partition) => _last[partition];

    public Step Judge(int partition, long position, long previous)
    {
        var last = _last[partition];
        if (position <= last) return Step.Skip;
        if (previous == last) return Step.Publish;
        return previous > last ? Step.Missing : Step.Contradiction;
    }

    public void Advance(int partition, long position) => _last[partition] = position;
}
