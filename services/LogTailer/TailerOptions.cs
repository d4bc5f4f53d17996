using System.Text.RegularExpressions;
using Checkout.Chassis;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Telemetry;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Source;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Checkout.LogTailer;

/// <summary>
/// The settings of the process; see appsettings.json. Checked once at start: with wrong settings it does not start.
/// </summary>
public sealed class TailerOptions
{
    public IList<StoreOptions> Stores { get; init; } = [];
    public KafkaOptions Kafka { get; init; } = new();
    public RegistryOptions Registry { get; init; } = new();
    public UnreadGuardOptions UnreadGuard { get; init; } = new();
    public WatchOptions Watch { get; init; } = new();
    public TelemetryOptions Telemetry { get; init; } = new();
    public SecretsOptions Secrets { get; init; } = new();

    /// <summary>What an operator has to change before the process can start, a sentence each.</summary>
    public IEnumerable<string> Faults() =>
    [
        .. StoreFaults(), .. Stores.SelectMany((store, i) => store.Faults($"Stores:{i}")),
        .. Kafka.Faults(), .. Registry.Faults(), .. UnreadGuard.Faults(), .. Watch.Faults(), .. Telemetry.Problems(),
    ];

    private IEnumerable<string> StoreFaults()
    {
        if (Stores.Count == 0)
            yield return "Stores is empty: name at least one database to follow, with Stores:0:Name and "
                + "Stores:0:ConnectionString.";
        foreach (var twice in Stores.Where(s => s.HasServers).GroupBy(s => (s.Servers, s.SlotName))
            .Where(g => g.Count() > 1))
            yield return $"Stores {string.Join(" and ", twice.Select(s => s.Name))} would share the replication slot "
                + $"{twice.Key.SlotName}: slot names are one for all databases of a server. Give each store its own "
                + "with Stores:n:Slot.";
        foreach (var twice in Stores.GroupBy(s => s.Name, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1))
            yield return $"Stores names '{twice.Key}' {twice.Count()} times: give every followed database a name of "
                + "its own.";
    }
}

public sealed partial class StoreOptions
{
    /// <summary>How logs, metrics and health name this database.</summary>
    public string Name { get; set; } = "";
    public string ConnectionString { get; set; } = "";

    /// <summary>Where it does not stand in the connection string; whatever is in it needs no quotation marks.</summary>
    public string? Password { get; set; }

    /// <summary>With the password.</summary>
    public string Connection() => ConnectionText.With(ConnectionString, Password);

    /// <summary>
    /// The replication slot's name. Without one it follows from the database's name; two databases of one server may
    /// then have the same, as Shop-1 and shop_1 would.
    /// </summary>
    public string? Slot { get; set; }

    public string SlotName => string.IsNullOrWhiteSpace(Slot) ? SlotNameOf(ConnectionString) : Slot;

    /// <summary>Slot names take lower-case letters, digits and underscores.</summary>
    public static string SlotNameOf(string connectionString)
    {
        var database = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        var name = "logtailer_" + NotInSlotNames().Replace(database.ToLowerInvariant(), "_");
        return name[..Math.Min(name.Length, Source.Slot.MaxNameLength)];
    }

    internal bool HasServers => Fault(ConnectionString) is null;

    /// <summary>The servers that it names, for comparison.</summary>
    internal string Servers => string.Join(
        ',', Primary.ConnectionStrings(ConnectionString).Select(one => one.Host.ToLowerInvariant()).Order());

    /// <summary>
    /// Consumer groups that read this store's topic. Only for the in-memory broker: see <see
    /// cref="UnreadGuardOptions"/>.
    /// </summary>
    public IList<string> ReadBy { get; init; } = [];

    public IEnumerable<string> Faults(string path)
    {
        if (string.IsNullOrWhiteSpace(Name))
            yield return $"{path}:Name is missing: give the followed database the name that logs, metrics and health "
                + "shall use.";
        if (Fault(ConnectionString) is { } fault)
            yield return $"{path}:ConnectionString {fault}: write one like "
                + "Host=localhost;Database=store;Username=logtailer, of a role with REPLICATION.";
        else if (Password is not null && ConnectionText.HasPassword(ConnectionString))
            yield return $"{path}:ConnectionString has a password, and {path}:Password is given too: give one of them.";
        if (Slot is not null && !SlotNames().IsMatch(Slot))
            yield return $"{path}:Slot is '{Slot}': name a replication slot with 1 to "
                + $"{Source.Slot.MaxNameLength} lower-case letters, digits and underscores.";
    }

    [GeneratedRegex("[^a-z0-9_]")]
    private static partial Regex NotInSlotNames();

    [GeneratedRegex("^[a-z0-9_]{1,63}$")]
    private static partial Regex SlotNames();

    private static string? Fault(string connectionString)
    {
        if (string.IsNullOrWhiteSpace(connectionString)) return "is missing";
        if (ConnectionText.Fault(connectionString) is { } fault)
            return $"is not a PostgreSQL connection string ({fault})";
        var parsed = new NpgsqlConnectionStringBuilder(connectionString);
        return parsed.Host is null ? "names no Host" : parsed.Database is null ? "names no Database" : null;
    }
}

public sealed class KafkaOptions
{
    public string BootstrapServers { get; set; } = "";

    /// <summary>
    /// True for librdkafka's in-memory broker: it can't create or describe topics, so whoever runs it makes them.
    /// </summary>
    public bool InMemory { get; set; }
    public short TopicReplicationFactor { get; set; } = 3;
    public short MinInSyncReplicas { get; set; } = 2;

    /// <summary>
    /// Further librdkafka settings, such as security.protocol and sasl.*. See <see
    /// cref="Chassis.Kafka.KafkaProperties"/>.
    /// </summary>
    public IDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    public AdminClientConfig Admin()
    {
        var config = new AdminClientConfig();
        foreach (var (name, value) in KafkaProperties.Named(Properties)) config.Set(name, value);
        config.BootstrapServers = BootstrapServers;
        return config;
    }

    public IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(BootstrapServers))
            yield return "Kafka:BootstrapServers is missing: give at least one broker, for example localhost:9092.";
        if (TopicReplicationFactor < 1)
            yield return $"Kafka:TopicReplicationFactor is {TopicReplicationFactor}: a topic needs at least 1 "
                + "replica, and 3 in production.";
        if (MinInSyncReplicas < 1 || MinInSyncReplicas > TopicReplicationFactor)
            yield return $"Kafka:MinInSyncReplicas is {MinInSyncReplicas}: choose between 1 and "
                + $"Kafka:TopicReplicationFactor ({TopicReplicationFactor}), or nothing could ever be acknowledged.";
        if (Properties.Count > 0 && ClientFault() is { } fault)
            yield return $"Kafka:Properties can't be used: {fault}";
    }

    /// <summary>librdkafka knows its settings best; clients that are made and not used ask nobody anything.</summary>
    private string? ClientFault()
    {
        var clients = new KafkaClients(this, "settings", NullLogger.Instance);
        try
        {
            using var consumer = clients.Consumer();
            using var producer = clients.Producer("settings", _ => { }, _ => { });
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KafkaException)
        {
            return e.Message;
        }
    }
}

/// <summary>
/// librdkafka's in-memory broker keeps 5 MiB a partition and drops the oldest silently, read or not (2.16.0:
/// rdkafka_mock.c). For a store with
/// <see cref="StoreOptions.ReadBy"/> the tailer keeps what those groups have not committed below this limit. A real
/// cluster keeps everything: leave ReadBy empty.
/// </summary>
public sealed class UnreadGuardOptions
{
    public const int BrokerKeepsBytesPerPartition = 5 * 1024 * 1024;

    public int MaxUnreadBytesPerPartition { get; set; } = 4 * 1024 * 1024;

    public IEnumerable<string> Faults()
    {
        if (MaxUnreadBytesPerPartition is < 65_536 or > BrokerKeepsBytesPerPartition)
            yield return $"UnreadGuard:MaxUnreadBytesPerPartition is {MaxUnreadBytesPerPartition}: choose between "
                + $"65536 and {BrokerKeepsBytesPerPartition}, which is what the in-memory broker keeps.";
    }
}

/// <summary>What the tailer takes for too long, of itself and of Kafka.</summary>
public sealed class WatchOptions
{
    /// <summary>
    /// For so long the oldest event that was handed to the Kafka client may wait for its acknowledgement while the
    /// leader of its partition answers others; then the session ends, and a new one begins with a new client. Above the
    /// 10 s after which a request is sent again.
    /// </summary>
    public TimeSpan LongestStandstill { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// For so long a store may have events that its replication stream does not bring, with nothing on its way; then
    /// they are published from the store.
    /// </summary>
    public TimeSpan LongestSilence { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A store whose oldest event waits longer for Kafka's acknowledgement degrades the process's health.
    /// </summary>
    public TimeSpan LongestLag { get; set; } = TimeSpan.FromSeconds(5);

    public IEnumerable<string> Faults()
    {
        if (LongestStandstill <= TimeSpan.Zero)
            yield return $"Watch:LongestStandstill is {LongestStandstill}: give a time as hh:mm:ss, such as 00:00:20.";
        if (LongestSilence <= TimeSpan.Zero)
            yield return $"Watch:LongestSilence is {LongestSilence}: give a time as hh:mm:ss, such as 00:00:10.";
        if (LongestLag <= TimeSpan.Zero)
            yield return $"Watch:LongestLag is {LongestLag}: give a time as hh:mm:ss, such as 00:00:05.";
    }
}
