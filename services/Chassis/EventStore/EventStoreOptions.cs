namespace Checkout.Chassis.EventStore;

/// <summary>
/// What a store is; topic, source and partitions are pinned in its head row when the database is made.
/// </summary>
public sealed record EventStoreOptions(string Topic, string Source, int Partitions)
{
    /// <summary>
    /// LogTailer's client takes records up to 1,000,000 bytes as it comes (librdkafka's message.max.bytes), a broker
    /// batches up to 1,048,588.
    /// </summary>
    public const int DefaultMaxEventBytes = 1_000_000;

    /// <summary>The largest event that may be appended, as the record that it will be.</summary>
    public int MaxEventBytes { get; init; } = DefaultMaxEventBytes;
}
