namespace Checkout.Servers;

public sealed record KafkaSettings
{
    /// <summary>Formatted at the first start; topics and offsets stay there.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>
    /// The clients' port; a free one is chosen where none is given. It may differ from start to start.
    /// </summary>
    public int? Port { get; init; }

    /// <summary>The controller's port.</summary>
    public int? ControllerPort { get; init; }

    /// <summary>A released Kafka's folder; where none is given it is looked for.</summary>
    public string? Home { get; init; }

    /// <summary>None: everybody on this machine may do everything.</summary>
    public KafkaSecurity? Security { get; init; }

    public int HeapMiB { get; init; } = 512;

    /// <summary>
    /// Further server properties, which win: node.id, controller.quorum.voters and offsets.topic.replication.factor
    /// make a cluster of several nodes.
    /// </summary>
    public IReadOnlyDictionary<string, string> More { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Whether it leaves an archive of its classes for those that start after it, which takes its end some seconds.
    /// Only where CHECKOUT_PREPARED names a folder for it.
    /// </summary>
    public bool LeavesClasses { get; init; }

    public TimeSpan StartDeadline { get; init; } = TimeSpan.FromMinutes(3);

    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(30);
}
