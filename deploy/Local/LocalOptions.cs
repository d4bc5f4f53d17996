namespace Checkout.Local;

/// <summary>What the one command can be told; each has a setting that is right for most.</summary>
public sealed record LocalOptions
{
    /// <summary>Everything the system keeps: database, topics, schema ids, logs.</summary>
    public required string Folder { get; init; }

    /// <summary>Whether PostgreSQL may be installed where it is missing.</summary>
    public bool MayInstall { get; init; } = true;

    /// <summary>A Kafka that runs already.</summary>
    public string? BootstrapServers { get; init; }

    /// <summary>librdkafka's in-memory broker, also where a released Kafka is at hand.</summary>
    public bool InMemoryBroker { get; init; }

    /// <summary>A Confluent-compatible registry that runs already.</summary>
    public string? SchemaRegistryUrl { get; init; }

    /// <summary>The port wished for Store; where it is taken another is found.</summary>
    public int StorePort { get; init; } = 5080;

    /// <summary>Gives the demo catalogue and customers to a system that was never given anything.</summary>
    public bool GiveDemoData { get; init; } = true;

    /// <summary>How many processes of each service; the tailers beyond the first wait as standby.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>False only for tests, which kill processes and not the machine.</summary>
    public bool Fsync { get; init; } = true;

    /// <summary>Further environment of every service.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>What to change before the system can start, a sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (SchemaRegistryUrl is not null && !(Uri.TryCreate(SchemaRegistryUrl, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)))
            yield return $"The schema registry's address {SchemaRegistryUrl} is not an http or https address: give one like http://localhost:8081.";
        if (StorePort is < 1 or > 65_535) yield return $"The port {StorePort} is none: give a number from 1 to 65535.";
        if (Instances is < 1 or > MaxInstances) yield return $"{Instances} processes of each service can't be run: give a number from 1 to {MaxInstances}.";
    }

    private const int MaxInstances = 12;
}
