using Checkout.Chassis.Kafka;
using Checkout.Servers;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Fixtures;

/// <summary>
/// A released Kafka with TLS, passwords and rights, for the tests of a class. It starts at its first use.
/// </summary>
public sealed class SecuredKafka : IAsyncLifetime
{
    private readonly Dictionary<string, string> _passwords = [];
    private KafkaServer? _server;
    private KafkaSecurity _security = null!;
    private IAdminClient _admin = null!;

    public TestFolder Folder { get; } = new("secured-kafka");

    public string Bootstrap => _server!.Bootstrap;

    public KafkaServer Server => _server!;

    /// <summary>With these topics; the test is skipped where there is no released Kafka.</summary>
    public async Task StartedAsync(IEnumerable<string> topics)
    {
        if (_server is null)
        {
            if (KafkaHome.Find() is not { } home) throw Prerequisite.Missing("kafka", "KAFKA_HOME names no Kafka.");
            _security = new(LocalAuthority.In(Folder["tls"]), SecretFile.Password(Folder["admin"], plain: true));
            _server = await KafkaServer.StartAsync(
                new() { DataDirectory = Folder["kafka"], Home = home, Security = _security, LeavesClasses = true });
            _admin = _server.Admin();
        }
        foreach (var topic in topics) await _server.CreateTopicAsync(topic, 1);
    }

    /// <summary>A user with these rights; one that is there gets them in place of its own.</summary>
    public async Task MakeAsync(string user, IEnumerable<KafkaRight> rights, string? password = null)
    {
        _passwords[user] = password ?? SecretFile.Password(Folder[$"passwords/{user}"]);
        await KafkaSecurity.SetUserAsync(_admin, user, _passwords[user]);
        await KafkaSecurity.SetRightsAsync(_admin, user,
            [.. rights.Select(right => (right.On, right.Name, right.Operation))]);
    }

    /// <summary>librdkafka's settings of a client that is this user, its address among them.</summary>
    public Dictionary<string, string> Client(string user) =>
        new(user == KafkaSecurity.Admin ? _security.Administrator() : _security.Client(user, _passwords[user]))
        { ["bootstrap.servers"] = Bootstrap };

    public IConsumer<Ignore, Ignore> Consumer(string user, string group) =>
        new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig(Client(user)) { GroupId = group })
            .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    public IAdminClient AdminOf(string user) => new AdminClientBuilder(new AdminClientConfig(Client(user)))
        .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _admin?.Dispose();
        if (_server is not null) await _server.DisposeAsync();
        Folder.Dispose();
    }
}
