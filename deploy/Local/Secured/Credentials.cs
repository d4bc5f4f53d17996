using Checkout.Chassis;
using Checkout.Local.Events;
using Checkout.Servers;
using Npgsql;

namespace Checkout.Local.Secured;

/// <summary>
/// The secrets of a secured system, made once for its folder, and who gets which: each process has a folder of its own
/// with its secrets in files, and no secret stands in an environment or on a command line. Without the folder the
/// system is an open one.
/// </summary>
public sealed class Credentials
{
    /// <summary>Who tells the game's facts.</summary>
    public const string Game = "game";

    public const string Tailer = "logtailer";

    public const string Observer = "observer";

    private const string Name = "secured";

    private static readonly IReadOnlyList<string> Services = Stores.Names;

    private readonly string _folder;

    private Credentials(string folder) => _folder = folder;

    private LocalAuthority Authority => LocalAuthority.In(Path.Combine(_folder, "tls"));

    /// <summary>Once secured, a folder's system is not opened again by who forgets to say so.</summary>
    public static bool AreIn(string folder) => Directory.Exists(Path.Combine(folder, Name));

    /// <summary>Null where the system is to be an open one.</summary>
    /// <param name="kafka">The released one that it runs on; null where there is none.</param>
    public static Credentials? For(LocalOptions options, string? kafka, Action<string> say)
    {
        if (!options.IsSecured) return null;
        if (kafka is null)
            throw new ServerMissingException("A secured system needs a released Kafka, since librdkafka's in-memory "
                + $"broker knows neither users nor rights: set {KafkaHome.Variable} to an unpacked release.");
        var credentials = Of(options.Folder);
        say($"Secured: passwords and certificates are in {credentials._folder}");
        return credentials;
    }

    public static Credentials Of(string folder)
    {
        var credentials = new Credentials(Path.Combine(folder, Name));
        SecretFile.MakeFolder(folder);
        SecretFile.MakeFolder(credentials._folder);
        return credentials;
    }

    /// <summary>The role that owns a service's database.</summary>
    public static string OwnerOf(string service) => $"{service}_owner";

    public PostgresSecurity Postgres() => new(Authority, PasswordOf("postgres"),
        [.. Services.SelectMany(service =>
            new[] { (service, service), (service, OwnerOf(service)), (service, Tailer) }), (Observer, Observer)]);

    public KafkaSecurity Kafka() => new(Authority, PasswordOf("kafka-admin", plain: true));

    /// <summary>Who the registry lets in.</summary>
    public Dictionary<string, string> Registry() =>
        Services.Append(Tailer).Append(Game).Append(Observer)
            .ToDictionary(user => user, user => PasswordOf($"registry-{user}"));

    public string RolesPassword(string role) => PasswordOf($"postgres-{role}");

    public string UsersPassword(string user) => PasswordOf($"kafka-{user}");

    /// <summary>librdkafka's settings of a client that is this user.</summary>
    public Dictionary<string, string> KafkaClient(string user) => Kafka().Client(user, UsersPassword(user));

    /// <summary>Without its password.</summary>
    public static string Connection(PostgresServer server, string database, string role)
    {
        var connection = new NpgsqlConnectionStringBuilder(server.ConnectionString(database))
        {
            Username = role,
            IncludeErrorDetail = false,
        };
        connection.Remove(nameof(connection.Password));
        return connection.ConnectionString;
    }

    /// <summary>What a service is told beside where the servers are; its secrets are in files.</summary>
    public Dictionary<string, string?> OfService(string service) => Process(service, service, new()
    {
        ["Database__Password"] = RolesPassword(service),
    });

    /// <summary>What the owner's commands are told of a service, migrate and rebuild.</summary>
    public Dictionary<string, string?> OfOwner(string service, PostgresServer server) =>
        new(Process($"{service}-owner", service, new()
        {
            ["Database__MigrationPassword"] = RolesPassword(OwnerOf(service)),
        }))
        {
            ["Database__MigrationConnectionString"] = Connection(server, service, OwnerOf(service)),
            ["Database__ServingRole"] = service,
            ["Database__TailerRole"] = Tailer,
        };

    public Dictionary<string, string?> OfTailer() => Process(Tailer, Tailer, Services.Select((_, i) => i)
        .ToDictionary(i => $"Stores__{i}__Password", _ => RolesPassword(Tailer)));

    public Dictionary<string, string?> OfObserver() => Process(Observer, Observer, new()
    {
        ["Database__Password"] = RolesPassword(Observer),
    });

    private Dictionary<string, string?> Process(string process, string user, Dictionary<string, string> secrets)
    {
        var folder = Path.Combine(_folder, "processes", process);
        SecretFile.MakeFolder(folder);
        var environment = new Dictionary<string, string?>
        {
            [SecretsOptions.Variable] = folder,
            ["Registry__UserName"] = user,
        };
        secrets["Registry__Password"] = PasswordOf($"registry-{user}");
        foreach (var (name, value) in KafkaClient(user))
            // A shell hands on no name with dots.
            if (name != "sasl.password") environment[$"Kafka__Properties__{name.Replace('.', '_')}"] = value;
            else secrets[$"Kafka__Properties__{name}"] = value;
        foreach (var (name, secret) in secrets) SecretFile.Write(Path.Combine(folder, name), secret);
        return environment;
    }

    private string PasswordOf(string of, bool plain = false) =>
        SecretFile.Password(Path.Combine(_folder, "passwords", of), plain);
}
