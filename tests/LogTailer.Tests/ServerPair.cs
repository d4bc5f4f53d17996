using Checkout.Fixtures;
using Checkout.Servers;

namespace Checkout.LogTailer.Tests;

/// <summary>A PostgreSQL and its streaming standby, which can take its place and port.</summary>
public sealed class ServerPair : IAsyncDisposable
{
    private readonly OwnPostgres _primary;
    private readonly string _standbyFolder;
    private PostgresServer _standby;

    private ServerPair(OwnPostgres primary, PostgresServer standby, string standbyFolder) =>
        (_primary, _standby, _standbyFolder) = (primary, standby, standbyFolder);

    public PostgresServer Primary => _primary.Server;
    public PostgresServer Standby => _standby;

    public static async Task<ServerPair> StartAsync()
    {
        var primary = await OwnPostgres.StartAsync();
        var standbyFolder = await OwnPostgres.MakeStandbyAsync(primary.Server);
        return new(primary, await PostgresServer.StartAsync(new() { DataDirectory = standbyFolder, Fsync = false }),
            standbyFolder);
    }

    public async Task CaughtUpAsync()
    {
        var written = await OwnPostgres.TextAsync(Primary, "SELECT pg_current_wal_flush_lsn()::text");
        await Eventually.Until(async () => await OwnPostgres.TextAsync(_standby,
            $"SELECT (pg_last_wal_replay_lsn() >= '{written}'::pg_lsn)::text") == "true", "the standby caught up");
    }

    public Task StopStandbyAsync() => _standby.StopAsync();

    /// <summary>The primary dies; the standby starts on its port and is promoted.</summary>
    public async Task PromoteAsync()
    {
        await Primary.KillAsync();
        await _standby.StopAsync();
        await _standby.DisposeAsync();
        _standby =
            await PostgresServer.StartAsync(
                new() { DataDirectory = _standbyFolder, Port = Primary.Port, Fsync = false });
        await OwnPostgres.TextAsync(_standby, "SELECT pg_promote()::text");
    }

    /// <summary>The primary dies, and the standby is promoted on its own port.</summary>
    public async Task PromoteWhereItIsAsync()
    {
        await Primary.KillAsync();
        await OwnPostgres.TextAsync(_standby, "SELECT pg_promote()::text");
    }

    public async ValueTask DisposeAsync()
    {
        await _standby.DisposeAsync();
        await _primary.DisposeAsync();
        OwnPostgres.Remove(_standbyFolder);
    }
}
