using System.Globalization;
using Checkout.Chassis.Kafka;
using Checkout.LogTailer.Source;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Checkout.LogTailer.Sink;

/// <summary>
/// Makes sure that a store's topic is there, keeps everything, is replicated as the settings want it, and has the
/// partition count that is pinned in the store.
/// </summary>
public sealed class KafkaTopic(KafkaClients kafka, IAdminClient admin) : ITopic
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);
    private const string RetentionMs = "retention.ms";
    private const string CleanupPolicy = "cleanup.policy";
    private const string MinInSyncReplicas = "min.insync.replicas";
    private const string ForEver = "-1";

    public async Task EnsureAsync(Head head, Action<string> waiting, CancellationToken stop)
    {
        if (await DescriptionAsync(head.Topic) is not { } topic)
        {
            await CreateAsync(head);
            return;
        }
        ITopic.MustMatch(head, topic.Replicas.Count);
        MustBeReplicated(topic);
        await MustBeConfiguredAsync(head.Topic);
    }

    public async Task<int?> PartitionsAsync(string topic) => (await DescriptionAsync(topic))?.Replicas.Count;

    private async Task<DescribedTopic?> DescriptionAsync(string topic)
    {
        var described = await kafka.DescribeAsync(topic, RequestTimeout);
        return described.Error switch
        {
            ErrorCode.NoError => described,
            ErrorCode.UnknownTopicOrPart => null,
            ErrorCode.TopicAuthorizationFailed =>
                throw MayNot("describe", topic, "DESCRIBE, DESCRIBE_CONFIGS, READ and WRITE"),
            var error => throw new KafkaException(error),
        };
    }

    private async Task CreateAsync(Head head)
    {
        var specification = new TopicSpecification
        {
            Name = head.Topic,
            NumPartitions = head.Partitions,
            ReplicationFactor = kafka.Options.TopicReplicationFactor,
            Configs = new()
            {
                [RetentionMs] = ForEver,
                [CleanupPolicy] = "delete",
                [MinInSyncReplicas] = kafka.Options.MinInSyncReplicas.ToString(CultureInfo.InvariantCulture),
            },
        };
        try
        {
            await admin.CreateTopicsAsync([specification],
                new() { RequestTimeout = RequestTimeout, OperationTimeout = RequestTimeout })
                .AnsweredAsync(2 * RequestTimeout);
        }
        catch (CreateTopicsException e) when (e.Results.All(r => r.Error.Code == ErrorCode.TopicAlreadyExists))
        {
            // Another process was faster; the next session judges what it made.
            throw new TopicChangedException($"Topic {head.Topic} was made by another process meanwhile.");
        }
        catch (CreateTopicsException e) when (e.Results.Exists(r => IsForSomebodyToChange(r.Error.Code)))
        {
            throw new PublicationStoppedException(
                $"Topic {head.Topic} can't be made: {e.Results[0].Error.Reason} Make it with {head.Partitions} "
                    + "partitions and retention.ms=-1, or set Kafka:TopicReplicationFactor (now "
                    + $"{kafka.Options.TopicReplicationFactor}) to what the cluster can hold.");
        }
    }

    private static bool IsForSomebodyToChange(ErrorCode code) =>
        code is ErrorCode.InvalidReplicationFactor or ErrorCode.PolicyViolation
        or ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed;

    private void MustBeReplicated(DescribedTopic topic)
    {
        var fewest = topic.Replicas.Min();
        if (fewest < kafka.Options.TopicReplicationFactor)
            throw new PublicationStoppedException(
                $"Topic {topic.Name} has {fewest} replicas and Kafka:TopicReplicationFactor asks for "
                    + $"{kafka.Options.TopicReplicationFactor}: add replicas with kafka-reassign-partitions.sh, or "
                    + $"set Kafka:TopicReplicationFactor to {fewest} if so few are meant.");
    }

    private async Task MustBeConfiguredAsync(string topic)
    {
        var entries = await ConfigsAsync(topic);
        var (retention, policy) = (entries[RetentionMs].Value, entries[CleanupPolicy].Value);
        if (policy != "delete" || retention != ForEver)
            throw new PublicationStoppedException(
                $"Topic {topic} has retention.ms={retention} and cleanup.policy={policy} and so would lose events: "
                    + $"{Alter(topic, "retention.ms=-1,cleanup.policy=delete")}");
        if (entries.TryGetValue("retention.bytes", out var bytes) && bytes.Value != ForEver)
            throw new PublicationStoppedException(
                $"Topic {topic} has retention.bytes={bytes.Value} and so would lose events: "
                    + $"{Alter(topic, "retention.bytes=-1")}");
        var wanted = kafka.Options.MinInSyncReplicas;
        if (int.Parse(entries[MinInSyncReplicas].Value, CultureInfo.InvariantCulture) < wanted)
            throw new PublicationStoppedException(
                $"Topic {topic} has min.insync.replicas={entries[MinInSyncReplicas].Value} and "
                    + $"Kafka:MinInSyncReplicas asks for {wanted}, or an acknowledged event could be lost with one "
                    + $"broker: {Alter(topic, $"min.insync.replicas={wanted}")}");
    }

    private async Task<Dictionary<string, ConfigEntryResult>> ConfigsAsync(string topic)
    {
        try
        {
            return (await admin.DescribeConfigsAsync([new() { Type = ResourceType.Topic, Name = topic }],
                new() { RequestTimeout = RequestTimeout }).AnsweredAsync(RequestTimeout))[0].Entries;
        }
        catch (DescribeConfigsException e)
            when (e.Results
                is [{ Error.Code: ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed }])
        {
            throw MayNot("read the settings of", topic, "DESCRIBE_CONFIGS");
        }
    }

    private static string Alter(string topic, string configs) =>
        $"set it with kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {configs}.";

    private static PublicationStoppedException MayNot(string what, string topic, string operations) => new(
        $"Kafka does not let this user {what} topic {topic}, so it is unknown whether it keeps everything: allow "
            + $"{operations} with kafka-acls.sh --add --topic {topic}.");
}
