using Checkout.Fixtures;
using Checkout.Servers;
using Npgsql;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>Several hosts, between which a cluster moves its primary.</summary>
public sealed class PrimaryTests
{
    [Theory]
    [InlineData("Host=a;Database=d", "a:5432")]
    [InlineData("Host=a;Port=6000;Database=d;Target Session Attributes=read-write", "a:6000")]
    [InlineData("Host=a:1,b;Port=6000;Database=d;Load Balance Hosts=true", "a:1 b:6000")]
    [InlineData("Host=a, b:2;Database=d;Target Session Attributes=primary;Host Recheck Seconds=1", "a:5432 b:2")]
    [InlineData("Host=/var/run/postgresql;Database=d", "/var/run/postgresql:5432")]
    [InlineData("Host=::1;Database=d", "::1:5432")]
    [InlineData("Host=[::1]:7,b;Database=d", "[::1]:7 b:5432")]
    public void Each_host_has_a_connection_string_of_its_own(string connectionString, string hosts)
    {
        var alone = Primary.ConnectionStrings(connectionString).ToList();
        Assert.Equal(hosts.Split(' '), alone.Select(one => one.Host));
        Assert.All(alone, one => NpgsqlDataSource.Create(one.Text).Dispose());
    }

    [Fact]
    public async Task The_primary_is_followed_wherever_it_is_and_a_standby_is_not()
    {
        await using var servers = await ServerPair.StartAsync();
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(servers.Primary, broker, partitions: 1);
        var both = new NpgsqlConnectionStringBuilder(store.ConnectionString)
        {
            Host = $"127.0.0.1:{servers.Standby.Port},127.0.0.1:{servers.Primary.Port}",
        };
        both["Target Session Attributes"] = "primary";
        await using var tail = new RunningTail(store, broker.Bootstrap, connectionString: both.ConnectionString);
        await store.AppendAsync(new Sample("k"), new Sample("k"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions: 1);
        await servers.CaughtUpAsync();

        await servers.PromoteWhereItIsAsync();
        var moved = new NpgsqlConnectionStringBuilder(store.ConnectionString) { Port = servers.Standby.Port };
        await using var promoted = NpgsqlDataSource.Create(moved.ConnectionString);
        await using var connection = await promoted.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await SampleStore.AppendAsync(connection, [new Sample("k"), new Sample("k")]);
        await Eventually.Until(() => TopicReader.ReadAll(broker.Bootstrap, store.Topic, 1).Count == 4,
            "the promoted server's events", TimeSpan.FromSeconds(60));
        Assert.Equal([1L, 2, 3, 4],
            TopicReader.ReadAll(broker.Bootstrap, store.Topic, 1).Select(record => record.Position()));
    }

    [Fact]
    public async Task A_standby_alone_is_told_and_nothing_is_made()
    {
        await using var servers = await ServerPair.StartAsync();
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(servers.Primary, broker);
        await servers.CaughtUpAsync();
        var standby = new NpgsqlConnectionStringBuilder(store.ConnectionString) { Port = servers.Standby.Port };
        await using var tail = new RunningTail(store, broker.Bootstrap, connectionString: standby.ConnectionString);
        await tail.UntilAsync(TailState.Waiting, "is a standby");
        Assert.False(await store.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_replication_slots)"));
    }
}
