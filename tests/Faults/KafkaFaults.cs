using Checkout.Chassis.Kafka;
using Checkout.Contracts;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Checkout.Faults;

/// <summary>What can happen to topics.</summary>
internal sealed class KafkaFaults(FaultySystem system)
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(20);
    private static readonly string[] AllTopics = [Topics.StoreCheckouts, Topics.BalanceAccounts,
        Topics.InventoryAvatars, Topics.GameRewards];

    public Task DeleteAllAsync(CancellationToken stop) => DeleteAsync(AllTopics, stop);

    /// <summary>
    /// The stores' topics are LogTailer's to make again; game.rewards is made by whoever owns it, here.
    /// </summary>
    public async Task DeleteAsync(string[] topics, CancellationToken stop)
    {
        using var admin = Admin();
        await admin.DeleteTopicsAsync(topics,
            new() { OperationTimeout = RequestTimeout, RequestTimeout = RequestTimeout }).WaitAsync(stop);
        if (!topics.Contains(Topics.GameRewards)) return;
        // Deleting goes on after the answer, and a topic that still goes would be found to be there.
        using var descriptions = new TopicDescriptions(Config());
        await Waiting.UntilAsync($"{Topics.GameRewards} is gone",
            async () =>
                (await descriptions.AskAsync([Topics.GameRewards], RequestTimeout))[0].Error
                    == ErrorCode.UnknownTopicOrPart ? null : "it is there", stop);
        await MakeRewardsAsync(stop);
    }

    public Task MakeRewardsAsync(CancellationToken stop) =>
        system.Local.Broker.CreateTopicAsync(Topics.GameRewards, FaultySystem.TopicPartitions, cancel: stop);

    /// <summary>Removes the older half of each partition's records, or all of them.</summary>
    public async Task DeleteRecordsAsync(string topic, bool all, CancellationToken stop)
    {
        using var admin = Admin();
        var partitions = Enumerable.Range(0, FaultySystem.TopicPartitions).Select(p => new TopicPartition(topic, p))
            .ToList();
        var ends =
            await admin.ListOffsetsAsync(
                partitions.Select(p =>
                    new TopicPartitionOffsetSpec { TopicPartition = p, OffsetSpec = OffsetSpec.Latest() }),
            new() { RequestTimeout = RequestTimeout }).WaitAsync(stop);
        var before = ends.ResultInfos.Select(e => new TopicPartitionOffset(e.TopicPartitionOffsetError.TopicPartition,
            all ? e.TopicPartitionOffsetError.Offset : e.TopicPartitionOffsetError.Offset.Value / 2)).ToList();
        await admin.DeleteRecordsAsync(before,
            new() { OperationTimeout = RequestTimeout, RequestTimeout = RequestTimeout }).WaitAsync(stop);
    }

    private AdminClientConfig Config() => new() { BootstrapServers = system.Local.Broker.Bootstrap };

    private IAdminClient Admin() => new AdminClientBuilder(Config())
        .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
}
