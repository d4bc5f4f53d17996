using Checkout.Chassis.EventStore;
using Checkout.Fixtures;
using Checkout.Servers;
using Npgsql;
using Xunit;

namespace Checkout.LogTailer.Tests.Source;

/// <summary>A tailer whose role may replicate and read three tables, over TLS, with a password of its own.</summary>
public sealed class TailersRoleTests : IDisposable
{
    private const string Tailer = "tailer";
    private const string Password = "s3cret ;'\"\\=ä";

    private readonly TestFolder _folder = new("tailers-role");

    [Fact]
    public async Task It_publishes_by_least_privilege_over_TLS_and_waits_for_what_is_not_granted_yet()
    {
        await using var broker = InMemoryBroker.Start();
        await using var server = await StartAsync();
        await using var store = await SampleStore.CreateAsync(server, broker);
        await store.SqlAsync($"CREATE ROLE {Tailer} LOGIN REPLICATION PASSWORD '{ScramVerifier.Of(Password)}'");
        var settings = new NpgsqlConnectionStringBuilder(store.ConnectionString) { Username = Tailer };
        settings.Remove("Password");
        var options = new StoreOptions
        {
            Name = "one",
            ConnectionString = settings.ConnectionString,
            Password = Password
        };
        Assert.Empty(options.Faults("Stores:0"));
        await using var tail = new RunningTail(store, broker.Bootstrap, connectionString: options.Connection());
        await tail.UntilAsync(TailState.Stopped, $"Database:TailerRole={Tailer}");

        await using (var connection = await store.Source.OpenConnectionAsync())
            await new StoreRoles(null, Tailer).GrantAsync(connection, []);
        await tail.UntilAsync(TailState.Active);
        await store.AppendAsync(new Sample("a"), new Sample("b"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        foreach (var kind in new[] { "walsender", "client backend" })
            Assert.True(await store.ScalarAsync<bool>($"SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity "
                + $"USING (pid) WHERE usename = '{Tailer}' AND backend_type = '{kind}'"), kind);
        Assert.False(tail.Lines.Contains("s3cret"), "the password is in the log");
    }

    [Fact]
    public void A_password_that_is_given_twice_or_spoils_its_connection_string_is_said_without_it()
    {
        var twice = new StoreOptions
        {
            Name = "one",
            ConnectionString = "Host=h;Database=d;Password=a",
            Password = "b"
        };
        Assert.Contains("Stores:0:Password is given too", Assert.Single(twice.Faults("Stores:0")),
            StringComparison.Ordinal);
        var spoilt = new StoreOptions { Name = "one", ConnectionString = "Host=h;Database=d;Password=s3;cret=x" };
        Assert.DoesNotContain("cret", Assert.Single(spoilt.Faults("Stores:0")), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<PostgresServer> StartAsync()
    {
        try
        {
            return await PostgresServer.StartAsync(new()
            {
                DataDirectory = _folder["data"],
                LogFile = _folder["log"],
                Fsync = false,
                Security = new(LocalAuthority.In(_folder["tls"]), "another s3cret", [("all", Tailer)]),
            });
        }
        catch (ServerMissingException e)
        {
            throw Prerequisite.Missing("postgres", e.Message, e);
        }
    }
}
