using Confluent.Kafka.Admin;

namespace Checkout.Chassis.Kafka;

/// <summary>What a user of Kafka may do with a topic or a group.</summary>
public sealed record KafkaRight(ResourceType On, string Name, AclOperation Operation)
{
    /// <summary>As arguments of kafka-acls.sh.</summary>
    public override string ToString() => $"--operation {Operation} --{On.ToString().ToLowerInvariant()} {Name}";
}

/// <summary>
/// What each kind of process needs of Kafka, and no more: a service reads what its choreography names, the tailer alone
/// writes the topics of the stores. To read or to write allows to describe, too.
/// </summary>
public static class KafkaRights
{
    /// <param name="group">The service's consumer group.</param>
    /// <param name="topics">What its choreography hears of, and what it follows beside.</param>
    public static IEnumerable<KafkaRight> OfService(string group, IEnumerable<string> topics) =>
    [
        new(ResourceType.Group, group, AclOperation.Read),
        .. topics.Distinct().Select(topic => new KafkaRight(ResourceType.Topic, topic, AclOperation.Read)),
    ];

    /// <summary>
    /// The topic of a store: made where it is missing, its settings looked at, its ends read, its events written.
    /// </summary>
    public static IEnumerable<KafkaRight> OfTailer(IEnumerable<string> topics) => topics.SelectMany(topic =>
        new[] { AclOperation.Create, AclOperation.DescribeConfigs, AclOperation.Read, AclOperation.Write }
            .Select(operation => new KafkaRight(ResourceType.Topic, topic, operation)));

    /// <summary>Of who tells facts that have no store behind them.</summary>
    public static IEnumerable<KafkaRight> OfTeller(string topic) =>
        [new(ResourceType.Topic, topic, AclOperation.Write)];

    /// <summary>A line for each right, as an operator gives it.</summary>
    public static IEnumerable<string> Lines(string principal, IEnumerable<KafkaRight> rights) =>
        rights.Select(right => $"kafka-acls.sh --bootstrap-server HOST:PORT --command-config ADMIN.properties --add "
            + $"--allow-principal {principal} {right}");
}
