using Checkout.Chassis.Edge;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Checkout.Chassis;

/// <summary>
/// All settings of a service, from appsettings.json, environment (Kafka__BootstrapServers) and command line
/// (--Kafka:BootstrapServers=...), checked before it starts.
/// </summary>
public sealed class ServiceSettings
{
    public DatabaseSettings Database { get; set; } = new();
    public EventStoreSettings EventStore { get; set; } = new();
    public KafkaOptions Kafka { get; set; } = new();
    public RegistryOptions Registry { get; set; } = new();
    public ReactorOptions Reactor { get; set; } = new();
    public TelemetryOptions Telemetry { get; set; } = new();
    public IdentityOptions Identity { get; set; } = new();
    public EdgeOptions Edge { get; set; } = new();
    public ManagementOptions Management { get; set; } = new();

    public IEnumerable<string> Problems() =>
        [.. Database.Problems(), .. EventStore.Problems(), .. Kafka.Problems(), .. Registry.Faults(),
            .. Reactor.Problems(), .. Telemetry.Problems()];

    /// <summary>What a command can do without, and a service that serves can't.</summary>
    public IEnumerable<string> ServingProblems(IHostApplicationBuilder builder) =>
        [.. Identity.Problems(builder.Environment), .. Edge.Problems(), .. Management.Problems(builder.Configuration)];

    public sealed class DatabaseSettings
    {
        public string ConnectionString { get; set; } = "";

        public IEnumerable<string> Problems()
        {
            if (string.IsNullOrWhiteSpace(ConnectionString))
            {
                yield return "Database:ConnectionString is missing; give one such as "
                    + "Host=localhost;Port=5432;Database=store;Username=store;Password=...";
                yield break;
            }
            string? problem = null;
            try
            {
                if (string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(ConnectionString).Database))
                    problem = "it names no Database";
            }
            catch (ArgumentException e)
            {
                problem = e.Message;
            }
            if (problem is not null) yield return $"Database:ConnectionString can't be used: {problem}.";
        }
    }

    public sealed class EventStoreSettings
    {
        private const int MinMaxEventBytes = 4_096;

        /// <summary>The partition count of the topic, pinned when the database is made.</summary>
        public int Partitions { get; set; } = 12;

        /// <summary>Names the shard in the events' ce_source, where a store is sharded by customer.</summary>
        public int Shard { get; set; }

        /// <summary>
        /// The largest event that is appended, as the record it will be on Kafka: below what brokers and LogTailer's
        /// client take.
        /// </summary>
        public int MaxEventBytes { get; set; } = EventStoreOptions.DefaultMaxEventBytes;

        public IEnumerable<string> Problems()
        {
            if (MaxEventBytes < MinMaxEventBytes)
                yield return $"EventStore:MaxEventBytes is {MaxEventBytes}; give at least {MinMaxEventBytes}, and no "
                    + "more than message.max.bytes of the brokers and of LogTailer's Kafka:Properties.";
            if (Partitions is < 1 or > 1_000)
                yield return $"EventStore:Partitions is {Partitions}; give a number from 1 to 1000 and keep it: it "
                    + "is pinned in the database.";
            if (Shard < 0) yield return $"EventStore:Shard is {Shard}; give 0 or more.";
        }
    }
}
