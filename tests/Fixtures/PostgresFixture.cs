using Checkout.Servers;
using Npgsql;
using Xunit;

namespace Checkout.Fixtures;

/// <summary>
/// One PostgreSQL for a test program: [assembly: AssemblyFixture(typeof(PostgresFixture))]. It starts at its first use,
/// writes without fsync, and goes with its data. Tests that stop or kill a server start one of their own (<see
/// cref="PostgresServer"/>).
/// </summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private const int MaxConnections = 400;
    private const int MaxSlots = 100;

    private readonly TestFolder _folder = new("postgres");
    private readonly Lazy<Task<PostgresServer>> _server;

    public PostgresFixture() => _server = new(StartAsync);

    public Task<PostgresServer> ServerAsync() => _server.Value;

    /// <summary>The connection string of a new, empty database.</summary>
    public async Task<string> NewDatabaseAsync(string prefix = "test")
    {
        var running = await ServerAsync();
        var made = await running.CreateDatabaseAsync($"{prefix}_{Guid.NewGuid():N}");
        // Each database is a pool of its own; without this the connections of finished tests would stay.
        return new NpgsqlConnectionStringBuilder(made)
        {
            ConnectionIdleLifetime = 10,
            ConnectionPruningInterval = 5
        }.ConnectionString;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated && _server.Value.IsCompletedSuccessfully)
        {
            var running = await _server.Value;
            // Not the fast shutdown: it would first write everything that goes away now, which takes a minute on a slow
            // disk.
            running.Signal("QUIT");
            await running.Exited;
            await running.DisposeAsync();
            if (Directory.Exists(running.DataDirectory)) Directory.Delete(running.DataDirectory, recursive: true);
        }
        _folder.Dispose();
    }

    private async Task<PostgresServer> StartAsync()
    {
        try
        {
            var started = await PostgresServer.StartAsync(new()
            {
                DataDirectory = _folder["data"],
                LogFile = _folder["postgres.log"],
                Fsync = false,
                MaxConnections = MaxConnections,
                MaxReplicationSlots = MaxSlots,
            });
            TestLog.Say($"PostgreSQL at 127.0.0.1:{started.Port}, data in {started.DataDirectory}");
            return started;
        }
        catch (ServerMissingException e)
        {
            throw Prerequisite.Missing("postgres", e.Message, e);
        }
    }
}
