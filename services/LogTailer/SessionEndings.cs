namespace Checkout.LogTailer;

/// <summary>
/// Publishing on could harm the topic, or can't succeed, until somebody acts: the message says what. Only this store's
/// publication stops, and is tried again slowly.
/// </summary>
public sealed class PublicationStoppedException(string message) : Exception(message);

/// <summary>The slot is another tailer's: stand by.</summary>
public sealed class SlotIsAnothersException(string message) : Exception(message);

/// <summary>
/// The slot can't be read any more (gone, invalidated, or made before the publication): it is made anew, and the store
/// fills the gap.
/// </summary>
public sealed class SlotLostException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// The topic is not what the last acknowledgement left: truncated, made anew, or written by another. Its ends are read
/// again.
/// </summary>
public sealed class TopicChangedException(string message) : Exception(message);

/// <summary>
/// The brokers refused a request for one record in it, and do not say for which. Up to this position each is sent alone
/// then.
/// </summary>
public sealed class RecordRefusedException(long through, string message) : Exception(message)
{
    public long Through => through;
}
