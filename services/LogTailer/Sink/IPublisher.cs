using Checkout.LogTailer.Source;

namespace Checkout.LogTailer.Sink;

/// <summary>Takes events in the order in which they are to be on the topic. One caller at a time.</summary>
public interface IPublisher
{
    /// <summary>Completes at once unless something has to be waited for.</summary>
    /// <param name="committedAt">
    /// When the event's transaction committed; null when it is read from the store long after.
    /// </param>
    ValueTask PublishAsync(StoredEvent e, DateTime? committedAt, CancellationToken stop);

    /// <summary>Everything up to this position is on the topic, or was sent.</summary>
    void Reached(long position);
}
