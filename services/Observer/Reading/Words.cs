using System.Threading.Channels;
using Checkout.Chassis.Inbox;
using Confluent.Kafka;

namespace Checkout.Observer.Reading;

/// <summary>
/// A record, or a word on a partition: that its reading begins, that it ended, that it is another; or on all that are
/// read.
/// </summary>
internal sealed record Word(TopicPartition Partition, Incoming? Record = null, bool Begins = false, long? AtEnd = null,
    bool IsRemade = false, IReadOnlyCollection<TopicPartition>? Reads = null);

/// <summary>What the reader says, in order, to whoever judges it. One thread tells and one takes.</summary>
internal sealed class Words
{
    private const int MaxBatch = 2_000;
    private const int MaxWaiting = 2 * MaxBatch;

    private readonly Channel<Word> _came = Channel.CreateBounded<Word>(MaxWaiting);

    /// <summary>Waits where much is there already.</summary>
    public void Tell(Word word, CancellationToken stopping) =>
        _came.Writer.WriteAsync(word, stopping).AsTask().GetAwaiter().GetResult();

    /// <summary>
    /// What is there, up to a partition that is another from there on; nothing where nothing came for a while. Words
    /// are good behind the records.
    /// </summary>
    /// <param name="awaited">Partitions whose records are not taken until they begin anew.</param>
    public async Task<(List<Incoming> Records, List<Word> Told)> TakeAsync(ISet<TopicPartition> awaited,
        TimeSpan atMost, CancellationToken stopping)
    {
        var (records, told) = (new List<Incoming>(), new List<Word>());
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        waiting.CancelAfter(atMost);
        try
        {
            await _came.Reader.WaitToReadAsync(waiting.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return (records, told);
        }
        while (records.Count < MaxBatch && told is not [.., { IsRemade: true }] && _came.Reader.TryRead(out var word))
            if (word.Record is null) Hear(word);
            else if (!awaited.Contains(word.Partition)) records.Add(word.Record);
        return (records, told);

        void Hear(Word word)
        {
            if (word.Begins) awaited.Remove(word.Partition);
            // An end from before it begins anew is none.
            if (word.AtEnd is null || !awaited.Contains(word.Partition)) told.Add(word);
        }
    }
}
