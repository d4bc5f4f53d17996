using Checkout.Fixtures;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class ProcessTests(PostgresFixture postgres, BrokerFixture brokers, RegistryFixture registry)
{
    private const int DefaultKillRounds = 6;
    /// <summary>How often the tailer is killed: more by hand than at every build.</summary>
    private const string KillRounds = "CHECKOUT_TEST_KILL_ROUNDS";
    private const string Seed = "CHECKOUT_TEST_SEED";
    /// <summary>In one round, on the in-memory broker, which keeps 5 MiB a partition.</summary>
    private const int EventsARound = 300;
    private static readonly TimeSpan LongestRound = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Killed_at_random_moments_under_load_it_neither_loses_nor_doubles_an_event()
    {
        var (rounds, seed) = (TestSettings.Number(KillRounds) ?? DefaultKillRounds,
            TestSettings.Number(Seed) ?? Random.Shared.Next());
        TestContext.Current.TestOutputHelper?.WriteLine($"{KillRounds}={rounds} {Seed}={seed}");
        var random = new Random(seed);
        var broker = await brokers.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var load = new Load(store, mostEvents: EventsARound, seed: seed);
        for (var round = 1; round <= rounds; round++)
        {
            load.MostEvents = broker.IsInMemory ? load.Appended + EventsARound : long.MaxValue;
            await using var tailer = TailerProcess.Start($"round {round}", store, broker, registry.Url);
            // From its first instruction on, or, most times, in the midst of its work.
            if (random.Next(4) > 0) await tailer.UntilAsync("active");
            await Task.Delay(LongestRound * random.NextDouble());
            await tailer.KillAsync();
        }
        await using var last = TailerProcess.Start("last", store, broker, registry.Url);
        await last.UntilAsync("active");
        await load.StopAsync();
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, deadline: TimeSpan.FromMinutes(2));
        Assert.Contains("logtailer_state", await last.GetAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_settings_that_cannot_work_it_says_what_to_change_and_does_not_start()
    {
        await using var wrongKind = new TailerProcess("wrong kind", "--Kafka:MinInSyncReplicas=two");
        Assert.Equal(2, await wrongKind.Exited.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("'two' at 'Kafka:MinInSyncReplicas'", wrongKind.Said, StringComparison.Ordinal);

        await using var tailer = new TailerProcess("unset", "--Stores:0:Name=store",
            "--Stores:0:ConnectionString=Host=localhost", "--Kafka:MinInSyncReplicas=5");
        Assert.Equal(2, await tailer.Exited.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("Stores:0:ConnectionString names no Database", tailer.Said, StringComparison.Ordinal);
        Assert.Contains("Kafka:BootstrapServers is missing", tailer.Said, StringComparison.Ordinal);
        Assert.Contains("Kafka:MinInSyncReplicas is 5", tailer.Said, StringComparison.Ordinal);
        Assert.Contains("Registry:Url is missing", tailer.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--Kafka:Properties:security.protocl=ssl",
        "Kafka:Properties can't be used: No such configuration property: \"security.protocl\"")]
    [InlineData("--Kafka:Properties:acks=some", "Kafka:Properties can't be used: Invalid value")]
    [InlineData("--Kafka:Client:security.protocol=ssl", "Kafka:Properties:security.protocol is, and must be meant.")]
    [InlineData("--Kafka:BootstrapServer=b:1", "Kafka:BootstrapServers is, and must be meant.")]
    [InlineData("--Stores:0:ConectionString=Host=b", "Stores:0:ConnectionString is, and must be meant.")]
    [InlineData("--Store:0:Name=store", "The setting Store is not known: Stores is, and must be meant.")]
    [InlineData("--help-me", "The argument --help-me is no setting")]
    public async Task A_setting_that_nobody_reads_ends_it_with_2_and_a_sentence(string argument, string sentence)
    {
        await using var tailer = new TailerProcess("misspelled", "--Stores:0:Name=store",
            "--Stores:0:ConnectionString=Host=localhost;Database=store", "--Kafka:BootstrapServers=localhost:9",
            "--Registry:Url=http://localhost:9", argument);
        Assert.Equal(2, await tailer.Exited.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains(sentence, tailer.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("options")]
    [InlineData("options,replication")]
    public async Task A_pool_that_keeps_no_sessions_ends_it_with_2_and_a_sentence(string ignored)
    {
        var broker = await brokers.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var pool = await PgBouncerServer.StartAsync(await postgres.ServerAsync(), ignored);
        await using var tailer = new TailerProcess("behind a pool", "--Stores:0:Name=store",
            $"--Stores:0:ConnectionString={pool.Before(store.ConnectionString)}",
            $"--Kafka:BootstrapServers={broker.Bootstrap}", $"--Kafka:InMemory={broker.IsInMemory}",
            "--Kafka:TopicReplicationFactor=1", "--Kafka:MinInSyncReplicas=1", $"--Registry:Url={registry.Url}");
        Assert.Equal(2, await tailer.Exited.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("Connect to PostgreSQL itself", tailer.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("a new slot", tailer.Said, StringComparison.Ordinal);
    }
}
