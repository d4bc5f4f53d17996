using System.Collections.Concurrent;
using Checkout.Balance;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.Servers;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.Telemetry;

/// <summary>What a whole service tells of itself while customers use it, and from its first moment.</summary>
public sealed class ForgottenCustomerTests(Stage stage) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly OtlpStub _otlp = new();
    private readonly ConcurrentQueue<string> _said = new();
    private readonly HttpClient _http = new();
    private readonly string _url = $"http://127.0.0.1:{Ports.Free()}";
    private string _database = "";
    private ChildProcess _service = null!;

    [Fact]
    public async Task A_customer_is_named_by_no_span_and_no_log_line_whatever_becomes_of_the_request()
    {
        const string customer = "7d5f-customer";
        Assert.Equal(404, await GetAsync($"/balances/{customer}"));
        Assert.Equal(404, await GetAsync($"/no-such-place/{customer}"));
        Assert.Equal(405, await PostAsync($"/balances/{customer}"));
        await using (var database = NpgsqlDataSource.Create(_database))
        await using (var command = database.CreateCommand(
            $"ALTER TABLE accounts RENAME TO elsewhere; CREATE VIEW accounts AS SELECT '{customer}' AS customer_id, "
                + "'no number' AS coins"))
            await command.ExecuteNonQueryAsync();
        Assert.Equal(500, await GetAsync($"/balances/{customer}"));
        Assert.Equal(0, await _service.StopAsync());

        Assert.Contains(_said, line => line.Contains("unhandled exception", StringComparison.Ordinal));
        Assert.DoesNotContain(_said, line => line.Contains(customer, StringComparison.Ordinal));
        Assert.True(_otlp.Names("/balances/{customerId}"));
        Assert.False(_otlp.Names(customer));
    }

    [Fact]
    public async Task Its_counters_begin_at_0_for_every_topic_it_hears_so_that_the_first_event_is_an_increase()
    {
        var lines = (await _http.GetStringAsync(new Uri($"{_url}/metrics"))).Split('\n');
        foreach (var topic in BalanceChoreography.Table.Topics)
            foreach (var counter in new[] { "seen", "passed", "parked" })
                AssertZero(lines, $"reactor_{counter}_messages_total", topic);
        foreach (var topic in BalanceChoreography.Table.Topics)
            AssertZero(lines, "messaging_client_consumed_messages_total", topic);
        AssertZero(lines, "reactor_replaced_consumers_total", "");
    }

    public async ValueTask InitializeAsync()
    {
        _http.DefaultRequestHeaders.Authorization = new("Bearer",
            TestIdentity.Tokens.For("7d5f-customer", DateTime.UtcNow, "metrics"));
        _database = await stage.Postgres.NewDatabaseAsync();
        _service = ChildProcess.Start(new()
        {
            Program = "dotnet",
            Arguments = [typeof(BalanceRows).Assembly.Location, "--urls", _url],
            Environment = new Dictionary<string, string?>(TestIdentity.Settings)
            {
                ["Database__ConnectionString"] = _database,
                ["Kafka__BootstrapServers"] = stage.Broker.Bootstrap,
                ["Kafka__InMemory"] = stage.Broker.IsInMemory ? "true" : "false",
                ["Registry__Url"] = stage.RegistryUrl,
                ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = _otlp.Url,
                ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf",
            },
            // In the folder of the tests lies one appsettings.json of several programs.
            WorkingDirectory = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "empty")).FullName,
            OnLine = _said.Enqueue,
        });
        await Eventually.Until(async () => _service.HasExited || await GetAsync("/health/ready") == 200, "it is ready",
            Patience);
        Assert.False(_service.HasExited, string.Join('\n', _said));
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _http.Dispose();
        _otlp.Dispose();
    }

    private static void AssertZero(string[] lines, string counter, string label) => Assert.Contains(lines, line =>
        line.StartsWith($"{counter}{{", StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal)
            && line.Split(' ')[1] == "0");

    private Task<int> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    private Task<int> PostAsync(string path) => SendAsync(HttpMethod.Post, path);

    private async Task<int> SendAsync(HttpMethod method, string path)
    {
        try
        {
            using var request = new HttpRequestMessage(method, _url + path);
            using var answer = await _http.SendAsync(request);
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }
}
