using Checkout.LogTailer.Source;
using Confluent.Kafka;

namespace Checkout.LogTailer.Sink;

/// <summary>
/// Records that brokers refuse for what they are: sent again they are refused again. They refuse the whole request, and
/// librdkafka does not say for which of its records: the text that it gives for it is memory freed before (seen,
/// 2.16.0, rd_kafka_message_produce_errstr).
/// </summary>
internal static class RefusedRecords
{
    public static bool IsAboutRecord(ErrorCode error) => error is ErrorCode.InvalidTimestamp
        or ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidRecord
        or ErrorCode.Local_InvalidDifferentRecord or ErrorCode.UnsupportedForMessageFormat
        or ErrorCode.PolicyViolation;

    /// <summary>What is wrong with this one, and what to do.</summary>
    public static PublicationStoppedException Explained(ErrorCode error, StoredEvent e, string topic) =>
        new(error switch
        {
            ErrorCode.MsgSizeTooLarge => TooLarge(e, topic),
            ErrorCode.InvalidTimestamp => $"{Refused(error, e, topic)}: its time is further from the brokers' clock "
                + "than message.timestamp.before.max.ms and message.timestamp.after.max.ms of the topic allow. Raise "
                + $"them with kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config "
                + $"message.timestamp.before.max.ms={long.MaxValue}, and set the clocks of this machine and the "
                + "brokers right.",
            _ => $"{Refused(error, e, topic)}: look into the brokers' log, which says why, and change the topic's "
                + "settings or what checks its records.",
        });

    private static string Refused(ErrorCode error, StoredEvent e, string topic) =>
        $"Kafka refuses event {e.EventId} at position {e.Position} ({e.Type}, {e.OccurredAt:u}) for topic {topic}, "
            + $"partition {e.Partition} ({error}), and nothing of this store can pass it";

    /// <summary>
    /// The event store refuses such events when they are appended, as long as its EventStore:MaxEventBytes fits what
    /// the brokers take.
    /// </summary>
    private static string TooLarge(StoredEvent e, string topic) =>
        $"Event {e.EventId} at position {e.Position} ({e.Type}, {e.Payload.Length} bytes) is larger than "
            + $"message.max.bytes: raise it in Kafka:Properties and on topic {topic} (max.message.bytes), and set "
            + "EventStore:MaxEventBytes of the service below it.";
}
