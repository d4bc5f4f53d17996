using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

[CollectionDefinition(nameof(OwnKafka))]
public sealed class OwnKafkaTests : ICollectionFixture<OwnKafka>;

/// <summary>
/// A Kafka whose tests kill it, take its data away, stand between it and the tailer, and come as a user who may not do
/// everything. One for all of them, one after the other.
/// </summary>
public sealed class OwnKafka : IAsyncLifetime
{
    /// <summary>A user of <see cref="UsersBootstrap"/> without any right of his own.</summary>
    public const string User = "tailer";
    private const string Password = "known-to-the-tests";
    public const string Proxy = "kafka";

    private readonly TestFolder _folder = new("kafka");
    private readonly int _port = Ports.Free(4);
    private int _proxyPort;
    private KafkaServer? _server;
    private ToxiproxyServer? _proxy;

    public string ProxiedBootstrap => $"127.0.0.1:{_proxyPort}";
    public string UsersBootstrap => $"127.0.0.1:{_port + 2}";

    public static IEnumerable<(string, string)> AsUser =>
    [
        ("security.protocol", "sasl_plaintext"), ("sasl.mechanism", "PLAIN"), ("sasl.username", User),
            ("sasl.password", Password),
    ];

    public async Task<Broker> BrokerAsync() => _server ??= await StartAsync();

    /// <summary>
    /// The way through it leads to <see cref="ProxiedBootstrap"/>, which the broker advertises there.
    /// </summary>
    public async Task<ToxiproxyServer> ProxyAsync()
    {
        await BrokerAsync();
        return _proxy ?? throw Prerequisite.Missing("toxiproxy",
            "TOXIPROXY_HOME does not name a folder with a released toxiproxy.");
    }

    public Task KillAsync() => _server!.KillAsync();

    public async Task StartAgainAsync()
    {
        await _server!.DisposeAsync();
        _server = await KafkaServer.StartAsync(Settings());
    }

    /// <summary>A new, empty cluster at the same address.</summary>
    public async Task StartEmptyAsync()
    {
        await _server!.DisposeAsync();
        Directory.Delete(Settings().DataDirectory, recursive: true);
        _server = await KafkaServer.StartAsync(Settings());
    }

    private async Task<KafkaServer> StartAsync()
    {
        if (KafkaHome.Find() is null)
            throw Prerequisite.Missing("kafka", "there is no KAFKA_HOME: these tests kill a real Kafka of their own.");
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("TOXIPROXY_HOME")))
        {
            _proxy = await ToxiproxyServer.StartAsync();
            _proxyPort = await _proxy.AddProxyAsync(Proxy, _port + 1);
        }
        return await KafkaServer.StartAsync(Settings());
    }

    private KafkaSettings Settings() => new()
    {
        DataDirectory = _folder["own"],
        Port = _port,
        ControllerPort = _port + 3,
        HeapMiB = 300,
        More = new Dictionary<string, string>
        {
            ["listeners"] =
                $"PLAINTEXT://127.0.0.1:{_port},PROXIED://127.0.0.1:{_port + 1},USERS://127.0.0.1:{_port + 2},"
                    + $"CONTROLLER://127.0.0.1:{_port + 3}",
            ["advertised.listeners"] =
            $"PLAINTEXT://127.0.0.1:{_port},PROXIED://127.0.0.1:{(_proxyPort == 0 ? _port + 1 : _proxyPort)},"
                + $"USERS://127.0.0.1:{_port + 2}",
            ["listener.security.protocol.map"] =
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,USERS:SASL_PLAINTEXT",
            ["inter.broker.listener.name"] = "PLAINTEXT",
            ["sasl.enabled.mechanisms"] = "PLAIN",
            ["listener.name.users.plain.sasl.jaas.config"] =
                $"org.apache.kafka.common.security.plain.PlainLoginModule required user_{User}=\"{Password}\";",
            ["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            ["super.users"] = "User:ANONYMOUS",
        },
    };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        if (_proxy is not null) await _proxy.DisposeAsync();
        _folder.Dispose();
    }
}
