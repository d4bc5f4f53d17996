using Checkout.Local.Secured;
using Checkout.Local.Traces;

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

    /// <summary>
    /// TLS, passwords, roles and rights in front of PostgreSQL, Kafka and the registry. A folder that was secured once
    /// stays so.
    /// </summary>
    public bool Secure { get; init; }

    public bool IsSecured => Secure || Credentials.AreIn(Folder);

    /// <summary>A Confluent-compatible registry that runs already.</summary>
    public string? SchemaRegistryUrl { get; init; }

    /// <summary>
    /// Store's port; what else listens has those behind it (<see cref="LocalPorts"/>). 0 takes any free ports.
    /// </summary>
    public int StorePort { get; init; } = LocalPorts.Default;

    /// <summary>Gives the demo catalogue and customers to a system that was never given anything.</summary>
    public bool GiveDemoData { get; init; } = true;

    /// <summary>Off where nobody looks at them: recording costs.</summary>
    public TracesWanted Traces { get; init; } = TracesWanted.Off;

    /// <summary>How many processes of each service; the tailers beyond the first wait as standby.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>False only for tests and campaigns that look at the system themselves.</summary>
    public bool Observed { get; init; } = true;

    /// <summary>False only for tests, which kill processes and not the machine.</summary>
    public bool Fsync { get; init; } = true;

    /// <summary>Further environment of every service.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>What to change before the system can start, a sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (SchemaRegistryUrl is not null && !IsHttp(SchemaRegistryUrl))
        {
            yield return $"The schema registry's address {SchemaRegistryUrl} is not an http or https address: " +
                "give one like http://localhost:8081.";
        }
        if (IsSecured && (InMemoryBroker || BootstrapServers is not null || SchemaRegistryUrl is not null))
            yield return "A secured system "
                + (Secure ? "(--secure)" : $"(as that in {Folder} is since its first --secure)")
                + " runs on servers of its own, since they get its users and passwords, and librdkafka's in-memory "
                + "broker knows none: leave out --in-memory-broker, --bootstrap-servers and --schema-registry-url, or "
                + "give another --folder without --secure.";
        if (StorePort is < 0 or > LocalPorts.HighestFirst)
            yield return $"The port {StorePort} can't be the first: " +
                $"give a number up to {LocalPorts.HighestFirst}, or 0 for any free ports.";
        if (Instances is < 1 or > MaxInstances)
            yield return $"{Instances} processes of each service can't be run: give a number from 1 to {MaxInstances}.";
    }

    private const int MaxInstances = 12;

    private static bool IsHttp(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var url)
            && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps);
}
