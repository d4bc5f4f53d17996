namespace Checkout.LogTailer;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "{Store} is waiting: {Reason}")]
    public static partial void Waiting(this ILogger log, string store, string reason);

    [LoggerMessage(2, LogLevel.Information, "{Store} is on standby: {Reason}")]
    public static partial void Standby(this ILogger log, string store, string reason);

    [LoggerMessage(3, LogLevel.Information, "{Store} is healing: {Reason}")]
    public static partial void Healing(this ILogger log, string store, string reason);

    [LoggerMessage(4, LogLevel.Information, "{Store} is active: {Reason}")]
    public static partial void Active(this ILogger log, string store, string reason);

    [LoggerMessage(5, LogLevel.Error, "{Store} has stopped publishing: {Reason}")]
    public static partial void Stopped(this ILogger log, string store, string reason);

    [LoggerMessage(6, LogLevel.Warning, "{Store}: the session ended and a new one begins: {Reason}")]
    public static partial void SessionEnded(this ILogger log, Exception? cause, string store, string reason);

    [LoggerMessage(7, LogLevel.Error,
        "{Store}: {Reason} The slot is made anew, and what it would have brought is published from the store.")]
    public static partial void SlotLost(this ILogger log, string store, string reason);

    [LoggerMessage(8, LogLevel.Information, "{Store}: published {Events} events from the store in {Seconds:F1} s.")]
    public static partial void Healed(this ILogger log, string store, long events, double seconds);

    [LoggerMessage(9, LogLevel.Warning,
        "{Store}: {Reason}; what the topic lacks is published from the store.")]
    public static partial void EventsMissing(this ILogger log, string store, string reason);

    [LoggerMessage(10, LogLevel.Warning, "{Store}: no broker answers: {Reason} Publishing goes on when one does.")]
    public static partial void BrokersDown(this ILogger log, string store, string reason);

    [LoggerMessage(11, LogLevel.Error, "{Store}: Kafka client, {Facility}: {Message}")]
    public static partial void KafkaSays(this ILogger log, string store, string facility, string message);

    [LoggerMessage(12, LogLevel.Debug, "{Store}: Kafka client, {Facility}: {Message}")]
    public static partial void KafkaMentions(this ILogger log, string store, string facility, string message);

    [LoggerMessage(13, LogLevel.Warning, "{Store}: a new slot {Slot} was made.")]
    public static partial void SlotMade(this ILogger log, string store, string slot);

    [LoggerMessage(14, LogLevel.Warning,
        "{Store}: {Topic} partition {Partition} does not begin with the store's first event: records were lost "
            + "there. What is missing is published again at its end. The whole partition is read at every start of a "
            + "session until the topic is made anew.")]
    public static partial void Headless(this ILogger log, string store, string topic, int partition);

    [LoggerMessage(15, LogLevel.Warning,
        "{Store}: a Kafka client ({Client}) did not end within {Seconds} s and is left to itself.")]
    public static partial void ClientDoesNotEnd(this ILogger log, string store, string client, double seconds);

    [LoggerMessage(16, LogLevel.Warning,
        "{Store}: a Kafka client had given up every broker it knew, and was given the bootstrap servers again "
            + "(docs/decisions/0008).")]
    public static partial void BrokersLost(this ILogger log, string store);

    [LoggerMessage(17, LogLevel.Debug,
        "{Store}: the store's head can't be read, and so not how far behind the topic is: {Reason}")]
    public static partial void LagUnknown(this ILogger log, string store, string reason);

    [LoggerMessage(18, LogLevel.Error, "{Store}: Kafka does not let this process in: {Reason}. Correct sasl.username "
        + "and sasl.password, or the certificates, below Kafka:Properties, or make the user.")]
    public static partial void KafkaRefuses(this ILogger log, string store, string reason);
}
