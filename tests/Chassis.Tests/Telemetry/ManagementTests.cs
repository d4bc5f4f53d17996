using System.Collections.Concurrent;
using Checkout.Balance;
using Checkout.Chassis.Telemetry;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.Servers;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Checkout.Chassis.Tests.Telemetry;

/// <summary>Health and metrics where nobody but operators can ask.</summary>
public sealed class ManagementTests(Stage stage)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("ASPNETCORE_URLS")]
    [InlineData("ASPNETCORE_HTTP_PORTS")]
    public async Task With_an_address_of_their_own_they_are_there_and_nowhere_else(string variable)
    {
        var (own, management) = (Ports.Free(), Ports.Free());
        var said = new ConcurrentQueue<string>();
        await using var service = ChildProcess.Start(new()
        {
            Program = "dotnet",
            Arguments = [typeof(BalanceRows).Assembly.Location],
            Environment = new Dictionary<string, string?>(TestIdentity.Settings)
            {
                [variable] = variable == "ASPNETCORE_URLS" ? $"http://127.0.0.1:{own}" : $"{own}",
                ["Management__Url"] = $"http://127.0.0.1:{management}",
                ["Database__ConnectionString"] = await stage.Postgres.NewDatabaseAsync(),
                ["Kafka__BootstrapServers"] = stage.Broker.Bootstrap,
                ["Kafka__InMemory"] = stage.Broker.IsInMemory ? "true" : "false",
                ["Registry__Url"] = stage.RegistryUrl,
            },
            WorkingDirectory = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "empty")).FullName,
            OnLine = said.Enqueue,
        });
        using var http = new HttpClient();
        await Eventually.Until(async () => service.HasExited
            || await StatusAsync(http, management, "/health/ready") == 200, "it is ready", Patience);
        Assert.False(service.HasExited, string.Join('\n', said));
        Assert.Equal(200, await StatusAsync(http, management, "/metrics"));
        Assert.Equal(200, await StatusAsync(http, management, "/health/live"));
        Assert.Equal(200, await StatusAsync(http, management, "/internal/progress"));
        Assert.Equal(404, await StatusAsync(http, management, "/balances/player-1"));
        http.DefaultRequestHeaders.Authorization = new("Bearer",
            TestIdentity.Tokens.For("player-1", DateTime.UtcNow, "support metrics"));
        foreach (var path in new[] { "/metrics", "/health/ready", "/METRICS", "/Health/live", "/internal/progress" })
            Assert.Equal(404, await StatusAsync(http, own, path));
        Assert.Equal(404, await StatusAsync(http, management, "/metricsandmore"));
        Assert.Equal(404, await StatusAsync(http, management, "/balances/player-1"));
        // No coins, and so no account: the edge has answered.
        var edge = await http.GetAsync(new Uri($"http://127.0.0.1:{own}/balances/player-1"));
        Assert.Equal("application/problem+json", edge.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("9090", "give an address with a port")]
    [InlineData("ftp://+:9090", "give an address with a port")]
    [InlineData("http://+:9090/health", "give an address with a port")]
    [InlineData("http://+:99999", "give an address with a port")]
    [InlineData("http://+:5080", "the service has that port")]
    [InlineData("http://+:9090", "localhost:5081 is no address", "http://localhost:5080;localhost:5081")]
    public void What_is_no_address_of_its_own_is_told(string url, string said, string urls = "http://localhost:5080") =>
        Assert.Contains(said, Assert.Single(new ManagementOptions { Url = url }.Problems(Settings(("urls", urls)))),
            StringComparison.Ordinal);

    [Fact]
    public void A_list_of_addresses_may_end_as_one_does() => Assert.Empty(
        new ManagementOptions { Url = "http://+:9090" }.Problems(Settings(("urls", "http://localhost:5080;"))));

    [Fact]
    public void Kestrels_own_settings_say_all_addresses() => Assert.Contains("Kestrel:Endpoints",
        Assert.Single(new ManagementOptions { Url = "http://+:9090" }.Problems(
            Settings(("Kestrel:Endpoints:Https:Url", "https://+:443")))), StringComparison.Ordinal);

    private static IConfiguration Settings(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();

    private static async Task<int> StatusAsync(HttpClient http, int port, string path)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"));
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }
}
