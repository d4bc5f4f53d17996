using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]
[assembly: AssemblyFixture(typeof(BrokerFixture))]
[assembly: AssemblyFixture(typeof(RegistryFixture))]
[assembly: AssemblyFixture(typeof(LoadFixture))]

namespace Checkout.Deploy.Tests.Fixtures;

public sealed class FixturesTests(PostgresFixture postgres, BrokerFixture broker, RegistryFixture registry)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Databases_are_new_and_empty_also_when_asked_for_at_once()
    {
        var made = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => postgres.NewDatabaseAsync()));
        Assert.Equal(10, made.Distinct().Count());
        await Task.WhenAll(made.Select(async connectionString =>
        {
            await using var source = NpgsqlDataSource.Create(connectionString);
            await using var command = source.CreateCommand("CREATE TABLE events (position bigint)");
            await command.ExecuteNonQueryAsync(Cancel);
        }));
    }

    [Fact]
    public async Task A_new_topic_has_its_partitions_and_the_log_says_who_served()
    {
        var topic = await broker.NewTopicAsync();
        var served = await broker.BrokerAsync();
        using var producer =
            new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = served.Bootstrap }).Build();
        var delivered = await producer.ProduceAsync(new TopicPartition(topic, BrokerFixture.DefaultPartitions - 1),
            new() { Value = "x" }, Cancel);
        Assert.Equal(0, delivered.Offset.Value);
        await using var log = new FileStream(TestLog.File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Assert.Contains(served.Name, await new StreamReader(log).ReadToEndAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_known_by_its_addresses_serves_as_well()
    {
        var served = await broker.BrokerAsync();
        Assert.SkipWhen(served.IsInMemory, "Topics of the in-memory broker are made inside its own process only.");
        await using var external = new ExternalBroker(served.Bootstrap);
        await external.CreateTopicAsync(BrokerFixture.NewName(), 3, cancel: Cancel);
    }

    [Fact]
    public async Task The_registry_answers()
    {
        using var http = new HttpClient();
        Assert.StartsWith("[", await http.GetStringAsync(new Uri(registry.Url + "/subjects"), Cancel),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_never_comes_is_told_with_its_name()
    {
        var failure = await Assert.ThrowsAsync<TimeoutException>(() =>
            Eventually.Until(() => false, "the moon is blue", TimeSpan.FromMilliseconds(50)));
        Assert.Contains("the moon is blue", failure.Message, StringComparison.Ordinal);
        Assert.Equal("x", await Eventually.Value(() => Task.FromResult<string?>("x"), "x"));
    }

    [Fact]
    public void A_missing_prerequisite_skips_a_test_unless_it_is_required()
    {
        var name = Guid.NewGuid().ToString();
        Assert.StartsWith("$XunitDynamicSkip$it is away", Prerequisite.Missing(name, "it is away").Message,
            StringComparison.Ordinal);
    }
}
