using Checkout.Fixtures;
using Checkout.Servers;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]
[assembly: AssemblyFixture(typeof(BrokerFixture))]
[assembly: AssemblyFixture(typeof(RegistryFixture))]
[assembly: AssemblyFixture(typeof(LoadFixture))]

namespace Checkout.LogTailer.Tests;

/// <summary>A server for one test that stops it or gives it settings of its own.</summary>
public sealed class OwnPostgres : IAsyncDisposable
{
    private OwnPostgres(PostgresServer server) => Server = server;

    public PostgresServer Server { get; }
    public string Folder => Server.DataDirectory;

    public static async Task<OwnPostgres> StartAsync(params (string Name, string Value)[] settings)
    {
        try
        {
            return new(
                await PostgresServer.StartAsync(
                    new()
                    {
                        DataDirectory = NewFolder(),
                        Fsync = false,
                        More = settings.ToDictionary(s => s.Name, s => s.Value)
                    }));
        }
        catch (ServerMissingException e)
        {
            throw Prerequisite.Missing("postgres", e.Message, e);
        }
    }

    /// <summary>
    /// A standby of the server, made as operators make one: without the replication slots, which a base backup leaves
    /// out.
    /// </summary>
    public static async Task<string> MakeStandbyAsync(PostgresServer server)
    {
        var folder = NewFolder();
        await using var backup = ChildProcess.Start(new()
        {
            Program = Path.Combine(await TextAsync(server, "SELECT setting FROM pg_config WHERE name = 'BINDIR'"),
                "pg_basebackup"),
            Arguments = ["-D", folder, "-h", "127.0.0.1", "-p", $"{server.Port}", "-U", PostgresServer.Superuser, "-c",
                "fast", "-R"],
            // PostgreSQL does not run as root, and the standby's folder has to be its user's.
            RunAs = Environment.UserName == "root" ? Owner(server.DataDirectory) : null,
            WorkingDirectory = "/",
        });
        Assert.True(await backup.Exited == 0, backup.LastLines());
        return folder;
    }

    private static string Owner(string folder)
    {
        using var stat =
            System.Diagnostics.Process.Start(
                new System.Diagnostics.ProcessStartInfo("stat",
                    ["-c", "%U", folder])
                { RedirectStandardOutput = true })!;
        return stat.StandardOutput.ReadToEnd().Trim();
    }

    public static async Task<string> TextAsync(PostgresServer server, string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static string NewFolder() => Path.Combine(Path.GetTempPath(), $"checkout-test-postgres-{Guid.NewGuid():N}");

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Remove(Folder);
    }

    public static void Remove(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        File.Delete(folder + ".log");
    }
}
