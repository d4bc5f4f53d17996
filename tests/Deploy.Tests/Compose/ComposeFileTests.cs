using System.Text.RegularExpressions;
using Checkout.Balance;
using Checkout.Chassis;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Telemetry;
using Checkout.Inventory;
using Checkout.LogTailer;
using Checkout.Observer;
using Checkout.Store;
using Checkout.Store.Packages;
using Checkout.Store.Storefront;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Xunit;

namespace Checkout.Deploy.Tests.Compose;

/// <summary>docker-compose.yml, held against what the programs know; no engine runs it.</summary>
public sealed partial class ComposeFileTests
{
    private const string OfTelemetry = "OTEL_";
    private const string Logtailer = "logtailer";
    private const string Storefront = "Storefront";

    private static readonly ComposeFile File = ComposeFile.Read();

    private static readonly string[] Topics = [.. StoreChoreography.Table.Topics, .. BalanceChoreography.Table.Topics,
        .. InventoryChoreography.Table.Topics, .. Observer.Reading.ObservedEvents.All];

    private static readonly Dictionary<string, string> Told = new()
    {
        ["store"] = StoreChoreography.Table.Topic,
        ["balance"] = BalanceChoreography.Table.Topic,
        ["inventory"] = InventoryChoreography.Table.Topic,
    };

    [Fact]
    public void The_settings_of_every_process_are_known_to_it_and_right()
    {
        Assert.Equal(["balance", "inventory", Logtailer, "observer", "store"], File.Built.Select(s => s.Name).Order());
        foreach (var service in File.Services.Values.Where(IsOurs))
        {
            var settings = Settings(service, but: Storefront);
            Assert.Empty(service.Image switch
            {
                "checkout/logtailer" => settings.Get<TailerOptions>(Strict)!.Faults(),
                "checkout/observer" => settings.Get<ObserverSettings>(Strict)!.Problems(isDevelopment: true),
                _ => settings.Get<ServiceSettings>(Strict)!.Problems(),
            });
            if (Settings(service).GetSection(Storefront) is { } own && own.Exists())
                Assert.Empty(own.Get<StorefrontOptions>(Strict)!.Problems());
        }
    }

    [Fact]
    public void The_observer_asks_every_other_process_where_its_metrics_are()
    {
        var (_, management) = Images.ExposedPorts();
        var asked = Settings(File.Services["observer"]).Get<ObserverSettings>()!.Observer.Processes;
        Assert.Equal(File.Built.Where(s => s.Name != "observer").Select(s => (s.Name, $"http://{s.Name}:{management}"))
            .Order(), asked.Select(process => (process.Name, process.Url)).Order());
    }

    [Fact]
    public void Every_topic_that_is_read_is_made()
    {
        var made = Tailed().Select(store => Told[store]).Append(MadeTopic().Match(File.Services["game-topic"].Command)
            .Groups[1].Value);
        Assert.Empty(Topics.Except(made));
        Assert.Contains("retention.ms=-1", File.Services["game-topic"].Command, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_database_and_role_is_made()
    {
        var sql = ComposeFile.Text("deploy/compose/databases.sql");
        Assert.Equal("deploy/compose/databases.sql",
            File.Services["postgres"].Mounted("/docker-entrypoint-initdb.d/databases.sql"));
        Assert.All(Connections(), connection =>
        {
            Assert.Equal("postgres", connection.Host);
            Assert.Contains($"CREATE DATABASE {connection.Database} ", sql, StringComparison.Ordinal);
            Assert.Matches($@"CREATE ROLE {connection.Username} LOGIN[\w ]* PASSWORD '{connection.Password}'", sql);
            Assert.Equal(GssEncryptionMode.Disable, connection.GssEncryptionMode);
        });
        var registry = File.Services["registry"].Environment;
        Assert.Equal(("sql", "postgresql", "jdbc:postgresql://postgres:5432/registry"), (
            registry["APICURIO_STORAGE_KIND"], registry["APICURIO_STORAGE_SQL_KIND"],
            registry["APICURIO_DATASOURCE_URL"]));
        Assert.Contains("CREATE DATABASE registry OWNER registry", sql, StringComparison.Ordinal);
        Assert.Contains($"CREATE ROLE {registry["APICURIO_DATASOURCE_USERNAME"]} LOGIN PASSWORD "
            + $"'{registry["APICURIO_DATASOURCE_PASSWORD"]}'", sql, StringComparison.Ordinal);
    }

    [Fact]
    public void Brokers_and_registry_are_asked_where_they_listen()
    {
        var kafka = File.Services["kafka"].Environment;
        Assert.All(File.Services.Values.Where(IsOurs), service =>
        {
            Assert.Contains($"INTERNAL://{service.Environment["Kafka__BootstrapServers"]}",
                kafka["KAFKA_ADVERTISED_LISTENERS"], StringComparison.Ordinal);
            var registry = new Uri(service.Environment["Registry__Url"]);
            Assert.Contains(registry.Port, File.Services[registry.Host].Ports.Select(port => port.Container));
            Assert.Contains(new Uri(service.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"]).Host, File.Services.Keys);
        });
        Assert.Contains(kafka["KAFKA_ADVERTISED_LISTENERS"].Split(':')[2].Split(',')[0],
            File.Services["kafka"].Ports.Select(port => $"{port.Host}"));
    }

    [Fact]
    public void Health_and_metrics_are_asked_for_where_every_process_has_them()
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddTelemetry("any", new());
        var app = builder.Build();
        app.MapTelemetry();
        var paths = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>().Select(endpoint => endpoint.RoutePattern.RawText).ToList();
        var (exposed, management) = Images.ExposedPorts();
        Assert.All(File.Built, service =>
        {
            var asked = Asked().Match(service.HealthCheck!);
            Assert.Equal($"{management}", asked.Groups[1].Value);
            Assert.Contains(asked.Groups[2].Value, paths);
            Assert.All(service.Ports, port => Assert.Equal(exposed, port.Container));
            Assert.Equal(service.Name == Logtailer ? $"{management}" : $"http://+:{management}",
                service.Environment[service.Name == Logtailer ? "ASPNETCORE_HTTP_PORTS" : "Management__Url"]);
        });
        Assert.Contains("/metrics", paths);
        Assert.Equal(File.Built.Select(service => $"{service.Name}:{management}").Order(),
            Target().Matches(ComposeFile.Text("deploy/compose/prometheus.yml")).Select(m => m.Groups[1].Value).Order());
    }

    [Fact]
    public void Tokens_are_signed_with_the_key_that_the_services_take()
    {
        var identity = File.Services["identity"];
        Assert.Equal(["development-token", "/identity", "player-1"], identity.CommandWords);
        Assert.All(File.Built.Where(service => service.Name != Logtailer), service =>
        {
            var settings = Settings(service).Get<ServiceSettings>()!;
            Assert.Equal(("/identity/keys.json", DevelopmentTokens.Issuer, DevelopmentTokens.Audience),
                (settings.Identity.KeyFile, settings.Identity.Issuer, settings.Identity.Audience));
            Assert.Equal("Development", service.Environment["ASPNETCORE_ENVIRONMENT"]);
            Assert.Empty(settings.Edge.Problems());
            Assert.Contains(settings.Edge.AllowedOrigins,
                origin => new Uri(origin).Port == File.Services["store"].Ports[0].Host);
        });
        Assert.Contains("RUN mkdir /identity && chown $APP_UID /identity", Images.Dockerfile, StringComparison.Ordinal);
    }

    [Fact]
    public void The_shop_is_given_something_to_sell_by_commands_that_the_services_have()
    {
        AssertGiven("packages", "checkout/store", PackageOperators.List);
        AssertGiven("stock", "checkout/inventory", InventoryOperators.AddStock);
        AssertGiven("customers", "checkout/balance", BalanceOperators.Credit);
    }

    [Fact]
    public void What_ends_is_started_again_and_what_others_wait_for_says_when_it_is_ready()
    {
        foreach (var service in File.Services.Values)
        {
            Assert.Equal(service.CommandWords.Count > 0 && service.Name is not ("postgres" or "prometheus")
                ? "on-failure" : "unless-stopped", service.Restart);
            foreach (var (other, condition) in service.WaitsFor)
                if (condition == "service_healthy") Assert.NotNull(File.Services[other].HealthCheck);
                else if (condition == "service_completed_successfully")
                    Assert.Equal("on-failure", File.Services[other].Restart);
                else Assert.Equal(("registry", "service_started"), (other, condition));
            if (service.HealthCheck is { } check)
            {
                // Each of Kafka's scripts starts a JVM.
                Assert.DoesNotContain(".sh", check, StringComparison.Ordinal);
                Assert.True(service.HasStartInterval, service.Name);
            }
        }
    }

    [Fact]
    public void Names_and_versions_agree_with_the_documents()
    {
        var readme = ComposeFile.Text("README.md");
        Assert.Contains($"Apache Kafka {File.Services["kafka"].Tag}", readme, StringComparison.Ordinal);
        Assert.Equal(File.Services["kafka"].Image, File.Services["game-topic"].Image);
        Assert.Contains($"\"{File.Services["kafka"].Image}\"", ComposeFile.Text("tests/Fixtures/DockerKafka.cs"),
            StringComparison.Ordinal);
        Assert.True(int.Parse(File.Services["postgres"].Tag, null) >= 15);
        Assert.Contains(File.Services["jaeger"].Ports, port => readme.Contains($"port\n{port.Host})",
            StringComparison.Ordinal) || readme.Contains($"port {port.Host})", StringComparison.Ordinal));
        Assert.Contains(File.Services["prometheus"].Ports,
            port => readme.Contains($"Prometheus ({port.Host})", StringComparison.Ordinal));
    }

    private static bool IsOurs(ComposeService service) =>
        service.Image.StartsWith("checkout/", StringComparison.Ordinal);

    /// <summary>What its image and its environment make of it, but for what is not ours to know.</summary>
    /// <param name="but">A section that is left out.</param>
    private static IConfigurationRoot Settings(ComposeService service, string but = "-") => new ConfigurationBuilder()
        .AddInMemoryCollection(service.Environment
            .Where(e => !e.Key.StartsWith(but, StringComparison.Ordinal)
                && !e.Key.StartsWith(OfTelemetry, StringComparison.Ordinal)
                && !e.Key.StartsWith("ASPNETCORE_", StringComparison.Ordinal))
            .Select(e => KeyValuePair.Create(e.Key.Replace("__", ":", StringComparison.Ordinal), (string?)e.Value)))
        .Build();

    private static void Strict(BinderOptions options) => options.ErrorOnUnknownConfiguration = true;

    private static IEnumerable<string> Tailed() =>
        Settings(File.Services[Logtailer]).Get<TailerOptions>()!.Stores.Select(store => store.Name);

    private static IEnumerable<NpgsqlConnectionStringBuilder> Connections() => File.Services.Values
        .SelectMany(service => service.Environment)
        .Where(e => e.Key.EndsWith("ConnectionString", StringComparison.Ordinal))
        .Select(e => new NpgsqlConnectionStringBuilder(e.Value));

    private static void AssertGiven<TRows>(string name, string image, OperatorCommand<TRows> command)
    {
        var once = File.Services[name];
        Assert.Equal((image, command.Name), (once.Image, once.CommandWords[0]));
        Assert.NotEmpty(command.Read(ComposeFile.Text(once.Mounted(once.CommandWords[1])!)));
    }

    [GeneratedRegex(@"--topic (\S+)")]
    private static partial Regex MadeTopic();

    [GeneratedRegex(@"/dev/tcp/127\.0\.0\.1/(\d+).*GET (\S+) ")]
    private static partial Regex Asked();

    [GeneratedRegex(@"""(\w+:\d+)""")]
    private static partial Regex Target();
}
