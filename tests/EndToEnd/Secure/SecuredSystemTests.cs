using Checkout.EndToEnd.Programs;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local;
using Checkout.Local.Demo;
using Checkout.Local.Secured;
using Checkout.Servers;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Secure;

/// <summary>
/// The whole system on servers with TLS, passwords, roles of least privilege and rights of Kafka: it does what the open
/// one does, and what it wrote has no secret in it.
/// </summary>
public sealed class SecuredSystemTests : IDisposable
{
    /// <summary>Of a password what no format writes in another way: the letters that it begins with.</summary>
    private const int PlainLength = 32;

    private readonly TestFolder _folder = new("secured");
    private readonly OtlpStub _otlp = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_secured_system_does_what_an_open_one_does_and_writes_no_secret_anywhere()
    {
        if (KafkaHome.Find() is null) throw Prerequisite.Missing("kafka", "KAFKA_HOME names no Kafka.");
        await using var system = await TestSystem.StartAsync("secured", TestSystem.Options(_folder) with
        {
            Secure = true,
            Observed = true,
            Environment = new Dictionary<string, string?>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _otlp.Url,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
                ["Logging__LogLevel__Default"] = "Debug",
            },
        });
        var rich = await system.Game.NewAsync(500);
        Assert.Equal("completed", await BuyAsync(system, rich));
        Assert.Equal("failed", await BuyAsync(system, await system.Game.NewAsync(1)));
        await PostgresIsRestartedAsync(system, rich);
        Assert.Equal("completed", await BuyAsync(system, await system.Game.NewAsync(500)));
        Assert.All(await Invariants.CheckAsync(system.Addresses, Cancel), held => Assert.Null(held.Fault));

        await TheObserverSeesAllAsync(system);
        await WhoServesChangesNoEventAsync(system);
        await OnlyTheOwnerRebuildsAsync(system);
        await Eventually.Until(() => _otlp.Exports.Count > 0, "spans were exported");
        await NoSecretIsToldAsync(system);
    }

    [Theory]
    [InlineData("--in-memory-broker", "A secured system (--secure) runs on servers of its own")]
    [InlineData("--no-install", "A secured system needs a released Kafka")]
    public async Task Where_there_is_no_released_Kafka_it_says_so_and_ends_with_1(string argument, string sentence)
    {
        await using var local = LocalRun.Start(_folder.Path, ["--secure", argument, "--port", "0"],
            typeof(LocalSystem).Assembly.Location, new Dictionary<string, string?> { [KafkaHome.Variable] = null });
        Assert.Equal(1, await local.Exited.WaitAsync(TimeSpan.FromSeconds(60), Cancel));
        Assert.Contains(sentence, local.Output, StringComparison.Ordinal);
        Assert.False(Credentials.AreIn(_folder.Path));
    }

    public void Dispose()
    {
        _otlp.Dispose();
        _folder.Dispose();
    }

    private static async Task<string> BuyAsync(TestSystem system, string customer)
    {
        var posted = await system.Game.BuyAsync(customer, "gorilla", "first", Cancel);
        return (await system.Game.EndOfAsync(customer, posted.CheckoutId, Players.Patience, Cancel)).State;
    }

    /// <summary>By a role and a user of its own, which may read and nothing else.</summary>
    private static Task TheObserverSeesAllAsync(TestSystem system) => Eventually.Until(async () =>
    {
        var answer = await Http.Answer.GetAsAsync("support", system.Addresses.Observer + "/summary");
        return answer.Status == 200 && answer.Json.GetProperty("purchases").GetInt64() == 2
            && answer.Json.GetProperty("wrong").GetInt64() == 0
            && answer.Json.GetProperty("auditAgeSeconds").ValueKind == System.Text.Json.JsonValueKind.Number;
    }, "the Observer has read all");

    /// <summary>So that what is said of a lost database is in the logs too.</summary>
    private static async Task PostgresIsRestartedAsync(TestSystem system, string customer)
    {
        await system.Local.Postgres.StopAsync();
        await system.Local.Postgres.StartAgainAsync(Cancel);
        NpgsqlConnection.ClearAllPools();
        await Eventually.Until(async () =>
        {
            try
            {
                return await system.Game.CoinsAsync(customer, Cancel) == 0;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, "Balance has its database again", Players.Patience);
    }

    private static async Task WhoServesChangesNoEventAsync(TestSystem system)
    {
        var serving = Environment(system.Local.ServiceEnvironment("store", "test"), "Database__ConnectionString",
            "Database__Password");
        await using var store = new NpgsqlConnection(serving);
        Assert.True(await store.ExecuteScalarAsync<long>("SELECT count(*) FROM events") > 0);
        Assert.True(await store.ExecuteScalarAsync<bool>("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
        foreach (var change in new[] { "UPDATE events SET key = ''", "DELETE FROM events", "TRUNCATE events" })
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege,
                (await Assert.ThrowsAsync<PostgresException>(() => store.ExecuteAsync(change))).SqlState);
        await using var another = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(serving) { Database = "balance" }.ConnectionString);
        await Assert.ThrowsAsync<PostgresException>(() => another.OpenAsync(Cancel));
    }

    private static async Task OnlyTheOwnerRebuildsAsync(TestSystem system)
    {
        await system.AssertRebuildEqualsAsync();
        var (code, said) = await system.RunAsync("balance", system.Local.ServiceEnvironment("balance", "test"),
            "rebuild");
        Assert.Equal(2, code);
        Assert.Contains("Database:MigrationConnectionString", said, StringComparison.Ordinal);
    }

    /// <summary>Logs, what operators and collectors are told, and what other users of the machine can see.</summary>
    private async Task NoSecretIsToldAsync(TestSystem system)
    {
        var secrets = Directory.GetFiles(Path.Combine(_folder["secured"], "passwords"))
            .Select(file => File.ReadAllText(file)[..PlainLength]).ToList();
        Assert.True(secrets.Count > 10);
        var told = new Dictionary<string, string> { ["said"] = string.Join('\n', system.Said) };
        foreach (var log in Directory.GetFiles(_folder["logs"]).Append(Path.Combine(_folder["kafka"], "server.log")))
            told[log] = await File.ReadAllTextAsync(log, Cancel);
        using var http = new HttpClient();
        foreach (var process in system.Local.Processes)
        {
            foreach (var path in new[] { "health/ready", "metrics" })
            {
                using var answer = await http.GetAsync($"{process.Url}/{path}", Cancel);
                told[$"{process.Name} {path}"] = await answer.Content.ReadAsStringAsync(Cancel);
            }
            foreach (var file in new[] { "environ", "cmdline" }.Where(_ => OperatingSystem.IsLinux()))
                told[$"{process.Name} {file}"] = await File.ReadAllTextAsync($"/proc/{process.Pid}/{file}", Cancel);
        }
        foreach (var secret in secrets)
        {
            Assert.Empty(told.Where(text => text.Value.Contains(secret, StringComparison.Ordinal)).Select(t => t.Key));
            Assert.False(_otlp.Names(secret), "a span has a secret");
        }
    }

    /// <summary>A connection string of a process, with the password from its file.</summary>
    private static string Environment(Dictionary<string, string?> environment, string connection, string password) =>
        new NpgsqlConnectionStringBuilder(environment[connection])
        {
            Password = File.ReadAllText(Path.Combine(environment[Chassis.SecretsOptions.Variable]!, password)),
            Pooling = false,
        }.ConnectionString;
}
