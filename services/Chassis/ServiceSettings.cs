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
    public SecretsOptions Secrets { get; set; } = new();

    public IEnumerable<string> Problems() =>
        [.. Database.Problems(), .. EventStore.Problems(), .. Kafka.Problems(), .. Registry.Faults(),
            .. Reactor.Problems(), .. Telemetry.Problems()];

    /// <summary>What a command can do without, and a service that serves can't.</summary>
    public IEnumerable<string> ServingProblems(IHostApplicationBuilder builder) =>
        [.. Database.ServingProblems(), .. Identity.Problems(builder.Environment), .. Edge.Problems(),
            .. Management.Problems(builder.Configuration)];

    public sealed class DatabaseSettings
    {
        public string ConnectionString { get; set; } = "";

        /// <summary>
        /// Where it does not stand in the connection string; whatever is in it needs no quotation marks.
        /// </summary>
        public string? Password { get; set; }

        /// <summary>
        /// Of the role that owns the store, where that is another: for the commands migrate and rebuild, and never for
        /// a process that serves.
        /// </summary>
        public string? MigrationConnectionString { get; set; }

        public string? MigrationPassword { get; set; }

        /// <summary>The role as which the service serves: migrate gives it what that takes.</summary>
        public string? ServingRole { get; set; }

        /// <summary>LogTailer's role: migrate lets it read the event store.</summary>
        public string? TailerRole { get; set; }

        /// <summary>With the password.</summary>
        public string Serving() => ConnectionText.With(ConnectionString, Password);

        /// <summary>With the password; null where the owner is who serves.</summary>
        public string? Owner() => string.IsNullOrWhiteSpace(MigrationConnectionString) ? null
            : ConnectionText.With(MigrationConnectionString, MigrationPassword);

        public StoreRoles Roles() => new(NullIfEmpty(ServingRole), NullIfEmpty(TailerRole));

        public IEnumerable<string> Problems()
        {
            if (string.IsNullOrWhiteSpace(ConnectionString))
                yield return "Database:ConnectionString is missing; give one such as "
                    + "Host=localhost;Port=5432;Database=store;Username=store;Password=...";
            else if (Problem(ConnectionString, Password, nameof(Password)) is { } problem)
                yield return $"Database:ConnectionString can't be used: {problem}.";
            if (!string.IsNullOrWhiteSpace(MigrationConnectionString)
                && Problem(MigrationConnectionString, MigrationPassword, nameof(MigrationPassword)) is { } owners)
                yield return $"Database:MigrationConnectionString can't be used: {owners}.";
        }

        /// <summary>What a process that serves must not have.</summary>
        public IEnumerable<string> ServingProblems()
        {
            if (Owner() is not null)
                yield return "Database:MigrationConnectionString is given to a process that serves: give it to the "
                    + "commands migrate and rebuild alone, so that who breaks into a service can't change its events.";
        }

        private static string? Problem(string text, string? password, string setting) =>
            ConnectionText.Fault(text)
            ?? (string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(text).Database) ? "it names no Database" : null)
            ?? (password is not null && ConnectionText.HasPassword(text)
                ? $"it has a password, and Database:{setting} is given too; give one of them" : null);

        private static string? NullIfEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
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
