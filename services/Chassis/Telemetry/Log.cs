using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Checkout.Chassis.Telemetry;

/// <summary>Every log line of the chassis.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Migrating: {What}")]
    public static partial void Migrating(ILogger logger, string what);

    [LoggerMessage(2, LogLevel.Warning, "Migration: {What}")]
    public static partial void MigrationWarning(ILogger logger, string what);

    [LoggerMessage(3, LogLevel.Error, "Migration: {What}")]
    public static partial void MigrationError(ILogger logger, Exception? exception, string what);

    [LoggerMessage(4, LogLevel.Warning,
        "The database does not answer yet ({Problem}); trying again in {DelayMs:F0} ms")]
    public static partial void WaitingForDatabase(ILogger logger, string problem, double delayMs);

    [LoggerMessage(10, LogLevel.Debug,
        "{Reaction} on {Topic} position {Position}, correlation {CorrelationId}: {Events} events")]
    public static partial void Reacted(ILogger logger, string reaction, string topic, long position,
        string? correlationId, int events);

    [LoggerMessage(11, LogLevel.Error, "Parked {Topic}/{Partition} position {Position}: {Reason}")]
    public static partial void Parked(ILogger logger, string topic, int partition, long position, string reason);

    [LoggerMessage(12, LogLevel.Warning, "Outage, the batch is kept and tried again in {DelayMs:F0} ms: {Problem}")]
    public static partial void Outage(ILogger logger, string problem, double delayMs);

    [LoggerMessage(13, LogLevel.Warning,
        "A batch of {Records} failed by its data and is handled one by one: {Problem}")]
    public static partial void OneByOne(ILogger logger, int records, string problem);

    [LoggerMessage(14, LogLevel.Debug, "A transaction came to nothing and is tried again: {Problem}")]
    public static partial void TriedAgain(ILogger logger, string problem);

    [LoggerMessage(16, LogLevel.Error, "The reactor loop failed and starts again")]
    public static partial void ReactorRestarts(ILogger logger, Exception exception);

    [LoggerMessage(17, LogLevel.Information, "Assigned {Partitions}")]
    public static partial void Assigned(ILogger logger, string partitions);

    [LoggerMessage(18, LogLevel.Information, "Partitions {How}: {Partitions}")]
    public static partial void PartitionsLeft(ILogger logger, string how, string partitions);

    [LoggerMessage(19, LogLevel.Warning, "Kafka: {Code} {Reason}")]
    public static partial void KafkaError(ILogger logger, string code, string reason);

    [LoggerMessage(20, LogLevel.Debug, "Kafka client: {Facility} {Message}")]
    public static partial void KafkaClient(ILogger logger, string facility, string message);

    [LoggerMessage(21, LogLevel.Warning, "{Topic}/{Partition}: handled up to {Handled}, but {Position} came and is "
        + "not its successor; reading the partition from its start")]
    public static partial void ReadsFromStart(ILogger logger, string topic, int partition, long handled, long position);

    [LoggerMessage(22, LogLevel.Error, "{Topic}/{Partition}: the record after position {Handled} is missing "
        + "({Position} follows {Previous}); the partition is held until it comes")]
    public static partial void RecordMissing(ILogger logger, string topic, int partition, long handled, long position,
        long previous);

    [LoggerMessage(23, LogLevel.Information, "{Topic}/{Partition}: the chain is whole again")]
    public static partial void ChainWholeAgain(ILogger logger, string topic, int partition);

    [LoggerMessage(24, LogLevel.Warning, "{Topic} was made anew: it is read from its start")]
    public static partial void TopicRemade(ILogger logger, string topic);

    [LoggerMessage(25, LogLevel.Warning, "The consumer had given up every broker it knew, and was given the "
        + "bootstrap servers again (docs/decisions/0008)")]
    public static partial void BrokersLost(ILogger logger);

    [LoggerMessage(26, LogLevel.Error, "A new consumer takes the place of one that does not read: {Why}")]
    public static partial void ConsumerReplaced(ILogger logger, string why);

    [LoggerMessage(27, LogLevel.Warning, "The consumer did not close within {Seconds} s and is left to itself")]
    public static partial void ConsumerDoesNotClose(ILogger logger, double seconds);

    [LoggerMessage(28, LogLevel.Warning, "{Topic}/{Partition}: nothing from offset {Offset} on is handled for now: "
        + "{Why}")]
    public static partial void Stopped(ILogger logger, string topic, int partition, long offset, string why);

    [LoggerMessage(29, LogLevel.Information, "{Topic}/{Partition}: handled again from where it was stopped")]
    public static partial void GoesOn(ILogger logger, string topic, int partition);

    [LoggerMessage(31, LogLevel.Error, "{Topic} is left to other instances: {Why}")]
    public static partial void TopicLeft(ILogger logger, string topic, string why);

    [LoggerMessage(32, LogLevel.Information, "{Topic} is read again: no reaction to it is missing here any more")]
    public static partial void TopicTakenUp(ILogger logger, string topic);

    [LoggerMessage(33, LogLevel.Warning, "{Topic}/{Partition} offset {Offset}: {Type} is passed over, since this "
        + "service has no reaction to it; further ones are counted in reactor_passed_messages_total")]
    public static partial void PassedOver(ILogger logger, string topic, int partition, long offset, string type);

    [LoggerMessage(34, LogLevel.Warning, "{Topic}/{Partition} offset {Offset} was not written by LogTailer, since it "
        + "lacks headers of the chain: it stands for no event and is left alone")]
    public static partial void Foreign(ILogger logger, string topic, int partition, long offset);

    [LoggerMessage(35, LogLevel.Error, "{Topic}/{Partition} ends at position {End}, and position {Handled} was "
        + "handled: its store was restored, or the topic lost its end; what comes there is not handled until the "
        + "topic reaches that position again")]
    public static partial void TopicBehind(ILogger logger, string topic, int partition, long end, long handled);

    [LoggerMessage(38, LogLevel.Error, "{Topic}/{Partition}: position {Position} follows {Previous}, and {Handled} was "
        + "handled: its store has another history than it had; the partition is held")]
    public static partial void OtherHistory(ILogger logger, string topic, int partition, long position, long previous,
        long handled);

    [LoggerMessage(36, LogLevel.Error, "{Topic}/{Partition} position {Position} could not even be parked as it is, "
        + "and is parked without its value, key and headers: {Problem}")]
    public static partial void ParkedBare(ILogger logger, string topic, int partition, long position, string problem);

    [LoggerMessage(37, LogLevel.Warning, "The clock goes wrong by {Offset}, as {Variable} says: for tests alone")]
    public static partial void ClockShifted(ILogger logger, TimeSpan offset, string variable);

    [LoggerMessage(50, LogLevel.Error, "{Why}")]
    public static partial void NotMigrated(ILogger logger, string why);

    [LoggerMessage(51, LogLevel.Error, "{Why}")]
    public static partial void KafkaRefuses(ILogger logger, string why);

    [LoggerMessage(52, LogLevel.Information, "Kafka lets this process {What} again")]
    public static partial void KafkaAllows(ILogger logger, string what);

    [LoggerMessage(53, LogLevel.Warning, "The keys that are known stay good. {Problem}")]
    public static partial void KeyFileRefused(ILogger logger, string problem);

    [LoggerMessage(54, LogLevel.Error, "{Why}")]
    public static partial void StoreHeld(ILogger logger, string why);

    [LoggerMessage(55, LogLevel.Information, "The store has what its topic holds: the service goes on")]
    public static partial void StoreReleased(ILogger logger);

    [LoggerMessage(30, LogLevel.Warning,
        "A group of {Requests} requests failed by the data of one and is run one by one: {Problem}")]
    public static partial void GroupOneByOne(ILogger logger, int requests, string problem);

    [LoggerMessage(40, LogLevel.Information, "Reading {Partitions} partitions from their ends on: {Topics}")]
    public static partial void GrouplessReaderBegan(ILogger logger, int partitions, string topics);

    [LoggerMessage(41, LogLevel.Warning, "Kafka, reading without a group: {Code} {Reason}")]
    public static partial void GrouplessReaderTrouble(ILogger logger, string code, string reason);

    [LoggerMessage(42, LogLevel.Warning, "Another client reads without a group: {Why}")]
    public static partial void GrouplessReaderReplaced(ILogger logger, string why);

    [LoggerMessage(43, LogLevel.Error, "Reading without a group failed and begins again")]
    public static partial void GrouplessReaderRestarts(ILogger logger, Exception exception);

    [LoggerMessage(53, LogLevel.Warning, "Health: {Check} is {Status}: {Why}")]
    public static partial void HealthWorse(ILogger logger, string check, HealthStatus status, string? why);

    [LoggerMessage(54, LogLevel.Information, "Health: {Check} is Healthy again")]
    public static partial void HealthyAgain(ILogger logger, string check);

    [LoggerMessage(56, LogLevel.Error, "The rows do not follow from the events: {Difference} Whoever changed them, "
        + "rebuild --replace makes them again")]
    public static partial void StateDiffers(ILogger logger, string difference);

    [LoggerMessage(57, LogLevel.Information, "The rows follow from the events again")]
    public static partial void StateAgrees(ILogger logger);

    [LoggerMessage(58, LogLevel.Information, "Rows are not compared with events for now: {Why}")]
    public static partial void NotCompared(ILogger logger, string why);

    [LoggerMessage(59, LogLevel.Warning, "{Topic}/{Partition}: offset {Offset} came, and the database has handled what "
        + "is before {Handled}: it is an older one. The partition is read from there")]
    public static partial void GoesBack(ILogger logger, string topic, int partition, long offset, long handled);
}
