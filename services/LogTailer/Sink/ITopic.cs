using Checkout.LogTailer.Source;

namespace Checkout.LogTailer.Sink;

/// <summary>A store's topic, on Kafka or on the in-memory broker.</summary>
public interface ITopic
{
    /// <summary>Makes sure that it is there as the store needs it.</summary>
    /// <param name="waiting">Told what is waited for.</param>
    /// <exception cref="PublicationStoppedException">It is there, and otherwise.</exception>
    Task EnsureAsync(Head head, Action<string> waiting, CancellationToken stop);

    /// <summary>
    /// Null when there is no such topic. Asked so that it is not made by the question, as a metadata request by its
    /// name would.
    /// </summary>
    Task<int?> PartitionsAsync(string topic);

    protected static void MustMatch(Head head, int partitions)
    {
        if (partitions != head.Partitions)
            throw new PublicationStoppedException(
                $"Topic {head.Topic} has {partitions} partitions and the store has pinned {head.Partitions}: keys "
                    + "would change their partition and lose their order. Make the topic anew with "
                    + $"{head.Partitions} partitions; it is filled from the store.");
    }
}
