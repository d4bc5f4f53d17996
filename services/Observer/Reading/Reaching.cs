using Confluent.Kafka;

namespace Checkout.Observer.Reading;

/// <summary>
/// How far the audit is: first all is to be read that brokers had when they were asked, then all of that judged. Under
/// load there is always something later, so one answer is kept for each until it is so. The thread of the loop.
/// </summary>
internal sealed class Reaching(TimeProvider time)
{
    /// <summary>When each batch began that was read after the ends were asked for which were answered last.</summary>
    private readonly Queue<(long StartedAt, DateTime ReadAt)> _batches = [];

    private Asked? _reading;
    private Asked? _judging;

    /// <summary>All that was on the topics then is read, UTC; null before that was so once.</summary>
    public DateTime? ReadAt { get; private set; }

    /// <summary>Whether something is read and not known to be judged.</summary>
    public bool IsJudging => _judging is not null;

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <param name="known">Partitions of which the database has something.</param>
    /// <param name="read">All partitions of the topics that are read by now.</param>
    public static bool IsWhole(IReadOnlyDictionary<TopicPartition, long> ends, IEnumerable<TopicPartition> known,
        IEnumerable<TopicPartition> read) => known.Union(read).All(ends.ContainsKey);

    /// <summary>
    /// Whether all is read before these ends. A partition may have its first records, and be in no database yet: it is
    /// not so before all topics are read, and all partitions of them.
    /// </summary>
    /// <param name="behind">So many records of a partition are not read, up to an offset.</param>
    public static bool IsRead(IReadOnlyDictionary<TopicPartition, long> ends, IEnumerable<string> topics,
        IEnumerable<TopicPartition> known, IReadOnlyCollection<TopicPartition> read,
        Func<TopicPartition, long, long> behind) =>
        !topics.Except(read.Select(p => p.Topic)).Any() && IsWhole(ends, known, read)
            && ends.All(end => behind(end.Key, end.Value) == 0);

    /// <summary>What it has may have come after the ends were asked for.</summary>
    public void Batch()
    {
        var now = Now;
        _batches.Enqueue((time.GetTimestamp(), now));
        _reading?.NotAfter(now);
        _judging?.NotAfter(now);
    }

    /// <summary>Brokers said where partitions end.</summary>
    /// <param name="askedAt">A monotonic timestamp from before the question.</param>
    /// <param name="isWhole">Whether ends have all partitions that are known.</param>
    public void Answered(IReadOnlyDictionary<TopicPartition, long> ends, long askedAt,
        Func<IReadOnlyDictionary<TopicPartition, long>, bool> isWhole)
    {
        var at = AskedAt(askedAt);
        if (_reading is null || !isWhole(_reading.Ends)) _reading = new(ends, at);
    }

    /// <param name="heads">By store, the highest position that is known.</param>
    /// <param name="isRead">Whether all is read before these ends.</param>
    public async Task ReadAsync(Func<IReadOnlyDictionary<TopicPartition, long>, bool> isRead,
        Func<Task<IReadOnlyDictionary<string, long>>> heads)
    {
        if (_reading is not { } reading || !isRead(reading.Ends)) return;
        if (_judging is null) _judging = reading with { Heads = await heads() };
        (ReadAt, _reading) = (reading.At, null);
    }

    /// <summary>UTC, of what is judged; null where it is not.</summary>
    /// <param name="behind">By store, the next position to be judged, where something waits behind it.</param>
    public DateTime? Judged(IEnumerable<(string Topic, long Position)> behind)
    {
        if (_judging is not { } judging
            || behind.Any(hole => hole.Position <= judging.Heads.GetValueOrDefault(hole.Topic))) return null;
        _judging = null;
        return judging.At;
    }

    /// <summary>What was read is to be read again.</summary>
    public void Forget() => (_reading, _judging, ReadAt) = (null, null, null);

    /// <summary>UTC; before whatever was read later, also where the clock was set meanwhile.</summary>
    private DateTime AskedAt(long askedAt)
    {
        while (_batches.TryPeek(out var batch) && batch.StartedAt <= askedAt) _batches.Dequeue();
        var at = Now - time.GetElapsedTime(askedAt);
        return _batches.Count == 0 ? at : new[] { at, _batches.Min(batch => batch.ReadAt) }.Min();
    }

    private sealed record Asked(IReadOnlyDictionary<TopicPartition, long> Ends, DateTime AskedAt)
    {
        public DateTime At { get; private set; } = AskedAt;

        public IReadOnlyDictionary<string, long> Heads { get; init; } = new Dictionary<string, long>();

        public void NotAfter(DateTime at) => At = at < At ? at : At;
    }
}
