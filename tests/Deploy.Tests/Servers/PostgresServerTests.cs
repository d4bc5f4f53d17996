using Checkout.Fixtures;
using Checkout.Servers;
using Npgsql;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

public sealed class PostgresServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("checkout-postgres").FullName;

    [Fact]
    public async Task Data_survives_a_stop_and_a_kill_and_the_server_starts_again_on_another_port()
    {
        await using (var first = await PostgresServer.StartAsync(Settings(fsync: true), Cancel))
        {
            var database = await first.CreateDatabaseAsync("store", Cancel);
            Assert.Equal(database, await first.CreateDatabaseAsync("store", Cancel));
            await RunAsync(database, "CREATE TABLE t AS SELECT 42 AS n");
            Assert.Equal(0, await first.StopAsync());
        }
        await using (var second = await PostgresServer.StartAsync(Settings(fsync: true), Cancel))
        {
            await RunAsync(second.ConnectionString("store"), "INSERT INTO t VALUES (43)");
            Assert.Equal(128 + 9, await second.KillAsync());
        }
        await using var third = await PostgresServer.StartAsync(Settings(fsync: true), Cancel);
        Assert.Equal(85L, await RunAsync(third.ConnectionString("store"), "SELECT sum(n) FROM t"));
    }

    [Fact]
    public async Task It_is_prepared_for_logical_replication()
    {
        await using var server =
            await PostgresServer.StartAsync(
                Settings() with { More = new Dictionary<string, string> { ["work_mem"] = "5MB" } }, Cancel);
        Assert.Equal("logical", await RunAsync(server.ConnectionString(), "SHOW wal_level"));
        Assert.Equal("2GB", await RunAsync(server.ConnectionString(), "SHOW max_slot_wal_keep_size"));
        Assert.Equal("1min", await RunAsync(server.ConnectionString(), "SHOW idle_in_transaction_session_timeout"));
        Assert.Equal("5MB", await RunAsync(server.ConnectionString(), "SHOW work_mem"));
        Assert.Equal("UTF8", await RunAsync(server.ConnectionString(), "SHOW server_encoding"));
    }

    [Fact]
    public void Data_is_served_by_the_version_that_made_it_whatever_is_installed_since()
    {
        var data = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName;
        File.WriteAllText(Path.Combine(data, "PG_VERSION"), "15\n");
        (string, int)[] installed = [("/usr/lib/postgresql/17/bin", 17), ("/usr/lib/postgresql/15/bin", 15)];
        var folder = new PostgresFolder(data, null, null);
        Assert.Equal("/usr/lib/postgresql/15/bin", PostgresBinaries.For(folder, installed));
        var error = Assert.Throws<ServerMissingException>(() => PostgresBinaries.For(folder, [installed[0]]));
        Assert.StartsWith($"The data in {data} is PostgreSQL 15's, which is not on this machine (17 is). Install it",
            error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_of_a_version_that_is_gone_is_told_in_a_sentence()
    {
        string data;
        await using (var server = await PostgresServer.StartAsync(Settings(), Cancel)) data = server.DataDirectory;
        await File.WriteAllTextAsync(Path.Combine(data, "PG_VERSION"), "9\n", Cancel);
        var error = await Assert.ThrowsAsync<ServerMissingException>(() =>
            PostgresServer.StartAsync(Settings(), Cancel));
        Assert.Contains("is PostgreSQL 9's, which is not on this machine", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_the_servers_user_cannot_reach_is_replaced_and_said()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root runs PostgreSQL as another user.");
        await using var server = await PostgresServer.StartAsync(Settings(), Cancel);
        Assert.StartsWith("/var/tmp/checkout-", server.DataDirectory, StringComparison.Ordinal);
        Assert.Contains(_folder, server.Note, StringComparison.Ordinal);
        Assert.Contains(server.DataDirectory, server.Note, StringComparison.Ordinal);
        await server.StopAsync();
        await using var again = await PostgresServer.StartAsync(Settings(), Cancel);
        Assert.Equal(server.DataDirectory, again.DataDirectory);
    }

    [Fact]
    public async Task A_second_server_on_the_same_folder_is_refused_with_a_sentence_and_the_first_goes_on()
    {
        await using var server = await PostgresServer.StartAsync(Settings(), Cancel);
        var refusal = await Assert.ThrowsAsync<ServerFailedException>(() =>
            PostgresServer.StartAsync(Settings(), Cancel));
        Assert.Contains($"process {server.Pid}, port {server.Port}", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(1, await RunAsync(server.ConnectionString(), "SELECT 1"));
    }

    [Fact]
    public async Task A_pid_file_that_names_another_process_does_not_hinder_the_start()
    {
        string data;
        await using (var server = await PostgresServer.StartAsync(Settings(), Cancel)) data = server.DataDirectory;
        // As after a SIGKILL, when the pid has been given to another process since.
        await File.WriteAllTextAsync(Path.Combine(data, "postmaster.pid"),
            $"{Environment.ProcessId}\n{data}\n0\n5432\n", Cancel);
        await using var again = await PostgresServer.StartAsync(Settings(), Cancel);
        Assert.Equal(1, await RunAsync(again.ConnectionString(), "SELECT 1"));
    }

    [Fact]
    public async Task A_predecessor_on_its_way_down_is_waited_for()
    {
        await using var server = await PostgresServer.StartAsync(Settings(), Cancel);
        await using var connection = new NpgsqlConnection(server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync(Cancel);
        // PostgreSQL's smart shutdown: it waits for this connection.
        server.Signal("TERM");
        var lockFile = Path.Combine(server.DataDirectory, "postmaster.pid");
        await Eventually.Until(() => File.ReadAllText(lockFile).Contains("stopping", StringComparison.Ordinal),
            "the server is stopping");
        var next = PostgresServer.StartAsync(Settings(), Cancel);
        Assert.False(server.Exited.IsCompleted);
        await connection.CloseAsync();
        await using var started = await next;
        Assert.Equal(0, await server.Exited);
    }

    [Fact]
    public async Task A_port_that_another_server_holds_is_told_from_the_servers_own_log()
    {
        await using var server = await PostgresServer.StartAsync(Settings(), Cancel);
        var refusal = await Assert.ThrowsAsync<ServerFailedException>(
            () => PostgresServer.StartAsync(
                Settings() with { DataDirectory = Path.Combine(_folder, "other"), Port = server.Port }, Cancel));
        Assert.Contains("Address already in use", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        foreach (var data in new[] { Settings().DataDirectory, Path.Combine(_folder, "other") })
        {
            var used = PostgresServer.DataDirectoryFor(data);
            if (Directory.Exists(used)) Directory.Delete(used, recursive: true);
            File.Delete(used + ".log");
        }
        Directory.Delete(_folder, recursive: true);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private PostgresSettings Settings(bool fsync = false) =>
        new() { DataDirectory = Path.Combine(_folder, "data"), Fsync = fsync };

    private static async Task<object?> RunAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancel);
    }
}
