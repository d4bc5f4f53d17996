using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Checkout.Servers;

/// <summary>
/// TLS alone, with passwords, and nothing allowed that no right names (StandardAuthorizer). Users are SCRAM-SHA-512's;
/// the broker itself, which is who administers it, is known by its own file, so that a cluster needs no user to begin
/// with and one that was open until now can be secured.
/// </summary>
/// <param name="AdminPassword">Of letters and digits.</param>
public sealed record KafkaSecurity(LocalAuthority Authority, string AdminPassword)
{
    public const string Admin = "admin";

    private const string Plain = "PLAIN", Scram = "SCRAM-SHA-512", Listener = "SECURED";
    private const int Iterations = 4_096;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    /// <summary>librdkafka's settings of a client that is this user.</summary>
    public Dictionary<string, string> Client(string user, string password) => new()
    {
        ["security.protocol"] = "SASL_SSL",
        ["ssl.ca.location"] = Authority.Certificate,
        ["sasl.mechanism"] = Scram,
        ["sasl.username"] = user,
        ["sasl.password"] = password,
    };

    /// <summary>May do everything.</summary>
    public Dictionary<string, string> Administrator() =>
        new(Client(Admin, AdminPassword)) { ["sasl.mechanism"] = Plain };

    /// <summary>Server properties, in place of those of an open broker.</summary>
    internal Dictionary<string, string> Properties(string folder, int port, int controller)
    {
        var (certificate, key) = Authority.Issue("kafka");
        var keystore = Path.Combine(folder, "server.pem");
        SecretFile.Write(keystore, $"{key}\n{certificate}\n");
        var login = $"org.apache.kafka.common.security.plain.PlainLoginModule required username=\"{Admin}\" "
            + $"password=\"{AdminPassword}\" user_{Admin}=\"{AdminPassword}\";";
        return new()
        {
            ["listeners"] = $"{Listener}://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
            ["advertised.listeners"] = $"{Listener}://127.0.0.1:{port}",
            ["listener.security.protocol.map"] = $"CONTROLLER:SASL_SSL,{Listener}:SASL_SSL",
            ["inter.broker.listener.name"] = Listener,
            ["sasl.mechanism.inter.broker.protocol"] = Plain,
            ["sasl.mechanism.controller.protocol"] = Plain,
            [$"listener.name.{Listener.ToLowerInvariant()}.sasl.enabled.mechanisms"] = $"{Scram},{Plain}",
            ["listener.name.controller.sasl.enabled.mechanisms"] = Plain,
            [$"listener.name.{Listener.ToLowerInvariant()}.plain.sasl.jaas.config"] = login,
            [$"listener.name.{Listener.ToLowerInvariant()}.scram-sha-512.sasl.jaas.config"] =
                "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            ["listener.name.controller.plain.sasl.jaas.config"] = login,
            ["ssl.keystore.type"] = "PEM",
            ["ssl.keystore.location"] = keystore,
            ["ssl.truststore.type"] = "PEM",
            ["ssl.truststore.location"] = Authority.Certificate,
            ["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            ["super.users"] = $"User:{Admin}",
            ["allow.everyone.if.no.acl.found"] = "false",
        };
    }

    /// <summary>Makes a user, or gives one another password.</summary>
    public static async Task SetUserAsync(IAdminClient admin, string user, string password) =>
        await admin.AlterUserScramCredentialsAsync([new UserScramCredentialUpsertion
        {
            User = user,
            ScramCredentialInfo = new() { Mechanism = ScramMechanism.ScramSha512, Iterations = Iterations },
            Password = System.Text.Encoding.UTF8.GetBytes(password),
        }], new() { RequestTimeout = Timeout });

    /// <summary>Gives a user these rights, and takes every other that it has.</summary>
    public static async Task SetRightsAsync(IAdminClient admin, string user,
        IReadOnlyCollection<(ResourceType On, string Name, AclOperation Operation)> rights)
    {
        var wanted = rights.Select(right => Allowed(user, right)).ToHashSet();
        var has = await admin.DescribeAclsAsync(new()
        {
            PatternFilter = new() { Type = ResourceType.Any, ResourcePatternType = ResourcePatternType.Any },
            EntryFilter = new()
            {
                Principal = $"User:{user}",
                Operation = AclOperation.Any,
                PermissionType = AclPermissionType.Any,
            },
        }, new() { RequestTimeout = Timeout });
        var much = has.AclBindings.Where(right => !wanted.Contains(right)).Select(right => right.ToFilter()).ToList();
        var little = wanted.Except(has.AclBindings).ToList();
        if (much.Count > 0) await admin.DeleteAclsAsync(much, new() { RequestTimeout = Timeout });
        if (little.Count > 0) await admin.CreateAclsAsync(little, new() { RequestTimeout = Timeout });
    }

    private static AclBinding Allowed(string user,
        (ResourceType On, string Name, AclOperation Operation) right) => new()
        {
            Pattern = new() { Type = right.On, Name = right.Name, ResourcePatternType = ResourcePatternType.Literal },
            Entry = new()
            {
                Principal = $"User:{user}",
                Host = "*",
                Operation = right.Operation,
                PermissionType = AclPermissionType.Allow,
            },
        };
}
