using Checkout.LogTailer.Source;

namespace Checkout.LogTailer.Sink.InMemory;

/// <summary>Publishes to the in-memory broker, as fast as what is there is read.</summary>
public sealed class RationedPublisher(IPublisher publisher, UnreadGuard guard) : IPublisher
{
    public async ValueTask PublishAsync(StoredEvent e, DateTime? committedAt, CancellationToken stop)
    {
        if (!guard.HasRoom(e)) await guard.RoomAsync(e, stop);
        guard.Sent(e);
        await publisher.PublishAsync(e, committedAt, stop);
    }

    public void Reached(long position) => publisher.Reached(position);
}
