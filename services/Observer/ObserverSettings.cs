using Checkout.Chassis;
using Checkout.Chassis.Edge;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Telemetry;
using Npgsql;

namespace Checkout.Observer;

/// <summary>All settings of the process, checked before it starts.</summary>
public sealed class ObserverSettings
{
    public DatabaseOptions Database { get; set; } = new();
    public KafkaOptions Kafka { get; set; } = new();
    public RegistryOptions Registry { get; set; } = new();
    public TelemetryOptions Telemetry { get; set; } = new();
    public IdentityOptions Identity { get; set; } = new();
    public EdgeOptions Edge { get; set; } = new();
    public ManagementOptions Management { get; set; } = new();
    public SecretsOptions Secrets { get; set; } = new();
    public ObserverOptions Observer { get; set; } = new();

    public IEnumerable<string> Problems(bool isDevelopment) =>
        [.. Database.Problems(), .. Kafka.Problems(), .. Registry.Faults(), .. Telemetry.Problems(),
            .. Observer.Problems(isDevelopment)];

    public IEnumerable<string> ServingProblems(IHostApplicationBuilder builder) =>
        [.. Identity.Problems(builder.Environment), .. Edge.Problems(), .. Management.Problems(builder.Configuration)];

    public sealed class DatabaseOptions
    {
        public string ConnectionString { get; set; } = "";

        /// <summary>Where it does not stand in the connection string.</summary>
        public string? Password { get; set; }

        /// <summary>With the password.</summary>
        public string Connection() => ConnectionText.With(ConnectionString, Password);

        public IEnumerable<string> Problems()
        {
            if (string.IsNullOrWhiteSpace(ConnectionString))
                yield return "Database:ConnectionString is missing; give one such as "
                    + "Host=localhost;Port=5432;Database=observer;Username=observer;Password=...";
            else if (ConnectionText.Fault(ConnectionString) is { } fault)
                yield return $"Database:ConnectionString can't be used: {fault}.";
            else if (string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(ConnectionString).Database))
                yield return "Database:ConnectionString can't be used: it names no Database.";
            else if (Password is not null && ConnectionText.HasPassword(ConnectionString))
                yield return "Database:ConnectionString has a password, and Database:Password is given too; give one "
                    + "of them.";
        }
    }
}
