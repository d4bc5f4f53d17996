using System.Collections.Concurrent;
using Checkout.Balance;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.Chassis.Tests;

/// <summary>A service as its own process, as operators run it.</summary>
public sealed class ServiceTests(Stage stage)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Without_its_settings_it_ends_with_2_and_a_sentence_for_each()
    {
        var (code, said) = await RunAsync([], []);
        Assert.Equal(2, code);
        Assert.Equal(["Database:ConnectionString", "Kafka:BootstrapServers", "Registry:Url", "Identity:Audience",
            "Identity:Authority"],
            said.Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task A_setting_of_the_wrong_kind_ends_it_with_2_and_a_sentence()
    {
        var (code, said) = await RunAsync(await SettingsAsync(), ["--EventStore:Partitions=twelve"]);
        Assert.Equal(2, code);
        Assert.Contains("'twelve' at 'EventStore:Partitions'", Assert.Single(said), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help-me", "The argument --help-me is no setting: give one as --Section:Name=value")]
    [InlineData("-Kafka:InMemory=true", "The argument -Kafka:InMemory is no setting")]
    [InlineData("player:hunter2", "The argument number 1, which begins with neither - nor /, is no setting")]
    [InlineData("--help-me=now", "The setting help-me is not known: the sections are Database, EventStore, Kafka")]
    [InlineData("--Kafak:InMemory=true", "The setting Kafak is not known: Kafka is, and must be meant.")]
    [InlineData("--Kafka:BootstrapServer=b:1", "The setting Kafka:BootstrapServer is not known")]
    [InlineData("--Kafka:Properties:security.protocl=ssl", "Kafka:Properties can't be used: No such configuration")]
    public async Task An_argument_that_nobody_reads_ends_it_with_2_and_a_sentence(string argument, string sentence)
    {
        var (code, said) = await RunAsync(await SettingsAsync(), [argument]);
        Assert.Equal(2, code);
        Assert.StartsWith(sentence, Assert.Single(said), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "refuses a session's own settings (unsupported startup parameter: options)")]
    [InlineData("options", "drops a session's own settings")]
    public async Task A_pool_that_keeps_no_sessions_ends_it_with_2_and_a_sentence(string ignored, string sentence)
    {
        await using var pool = await PgBouncerServer.StartAsync(await stage.Postgres.ServerAsync(), ignored);
        var settings = await SettingsAsync();
        settings["Database__ConnectionString"] = pool.Before(settings["Database__ConnectionString"]!);
        foreach (string[] arguments in new[] { ["--urls", "http://127.0.0.1:0"], new[] { "migrate" } })
        {
            var (code, said) = await RunAsync(settings, arguments);
            Assert.True(code == 2, string.Join('\n', said));
            Assert.Contains(said, line => line.Contains(sentence, StringComparison.Ordinal)
                && line.Contains("Connect to PostgreSQL itself", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Help_needs_no_settings()
    {
        var (code, said) = await RunAsync([], ["--help"]);
        Assert.Equal(0, code);
        Assert.Contains(said, line => line.TrimStart().StartsWith("redrive", StringComparison.Ordinal));
        (code, said) = await RunAsync([], ["redrive", "--help"]);
        Assert.Equal(0, code);
        Assert.Contains(said, line => line.Contains("--why", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Its_commands_run_to_their_end_and_the_store_of_another_is_refused()
    {
        var settings = await SettingsAsync();
        Assert.Equal(0, (await RunAsync(settings, ["migrate"])).Code);
        var (code, said) = await RunAsync(settings, ["parked"]);
        Assert.Equal((0, "0 parked."), (code, said[^1]));
        Assert.Equal(0, (await RunAsync(settings, ["rebuild", "--workers", "2"])).Code);

        settings["EventStore__Partitions"] = "6";
        (code, said) = await RunAsync(settings, ["migrate"]);
        Assert.Equal(1, code);
        Assert.Contains(said,
            line => line.Contains("This database is the event store of topic balance.accounts",
                StringComparison.Ordinal));
        (code, said) = await RunAsync(settings, ["--urls", "http://127.0.0.1:0"]);
        Assert.Equal(1, code);
        Assert.Contains(said,
            line => line.Contains("This database is the event store of topic balance.accounts",
                StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"customerId": "", "coins": 1, "reference": "r"}""", "customerId is empty")]
    [InlineData("""{"customerId": "a\u0000b", "coins": 1, "reference": "r"}""", "customerId has U+0000")]
    [InlineData("""{"customerId": "p", "coins": 9007199254740992, "reference": "s"}""", "coins is 9007199254740992")]
    public async Task An_operators_file_that_is_not_right_ends_it_with_2_and_a_sentence(string entry, string said)
    {
        using var folder = new TestFolder("operators-file");
        var file = folder["file.json"];
        const string right = """{"customerId": "p", "coins": 1, "reference": "r"}""";
        await File.WriteAllTextAsync(file, $"[{right},\n{entry}]");
        var settings = await SettingsAsync();
        var (code, lines) = await RunAsync(settings, ["credit", file]);
        Assert.Equal(2, code);
        Assert.StartsWith($"Line 2, entry 2: {said}", lines[0], StringComparison.Ordinal);
        Assert.Equal("Nothing of the file was taken.", lines[1]);
        Assert.Equal(2, lines.Count);

        await File.WriteAllTextAsync(file, $"[{right}]");
        (code, lines) = await RunAsync(settings, ["credit", file]);
        Assert.Equal((0, "1 given, 1 new events."), (code, lines[^1]));
    }

    [Fact]
    public async Task It_serves_health_and_metrics_and_ends_when_asked()
    {
        var url = $"http://127.0.0.1:{Ports.Free()}";
        await using var service = Start(await SettingsAsync(), ["--urls", url], out var said);
        using var http = new HttpClient();
        await Eventually.Until(async () => await StatusAsync(http, $"{url}/health/ready") == 200, "it is ready",
            Patience);
        Assert.Equal(200, await StatusAsync(http, $"{url}/health/live"));
        Assert.Equal(401, await StatusAsync(http, $"{url}/metrics"));
        http.DefaultRequestHeaders.Authorization = new("Bearer",
            TestIdentity.Tokens.For("prometheus", DateTime.UtcNow, "metrics"));
        Assert.Contains("reactor_held_partitions", await http.GetStringAsync(new Uri($"{url}/metrics")),
            StringComparison.Ordinal);
        Assert.Contains("\"reactor\"", await http.GetStringAsync(new Uri($"{url}/health/ready")),
            StringComparison.Ordinal);
        Assert.True(await service.StopAsync() == 0, string.Join('\n', said));
    }

    private async Task<Dictionary<string, string?>> SettingsAsync() => new(TestIdentity.Settings)
    {
        ["Database__ConnectionString"] = await stage.Postgres.NewDatabaseAsync(),
        ["Kafka__BootstrapServers"] = stage.Broker.Bootstrap,
        ["Kafka__InMemory"] = stage.Broker.IsInMemory ? "true" : "false",
        ["Kafka__Properties__group_id"] = BrokerFixture.NewName("balance"),
        ["Registry__Url"] = stage.RegistryUrl,
    };

    private static async Task<(int Code, IReadOnlyList<string> Said)> RunAsync(Dictionary<string, string?> settings,
        string[] arguments)
    {
        await using var service = Start(settings, arguments, out var said);
        return (await service.Exited.WaitAsync(Patience), said.ToList());
    }

    private static ChildProcess Start(Dictionary<string, string?> settings, string[] arguments,
        out ConcurrentQueue<string> said)
    {
        var lines = said = [];
        return ChildProcess.Start(new()
        {
            Program = "dotnet",
            Arguments = [typeof(BalanceRows).Assembly.Location, .. arguments],
            Environment = settings,
            // In the folder of the tests lies one appsettings.json of several programs.
            WorkingDirectory = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "empty")).FullName,
            OnLine = lines.Enqueue,
        });
    }

    private static async Task<int> StatusAsync(HttpClient http, string url)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(url));
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }
}
