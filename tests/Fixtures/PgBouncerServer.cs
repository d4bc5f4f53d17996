using System.Net;
using System.Net.Sockets;
using Checkout.Servers;
using Npgsql;

namespace Checkout.Fixtures;

/// <summary>A PgBouncer before a PostgreSQL: it shares that one's sessions out to transactions or clients.</summary>
public sealed class PgBouncerServer : IAsyncDisposable
{
    private const string User = "nobody";

    private readonly ChildProcess _process;
    private readonly int _port;

    private PgBouncerServer(ChildProcess process, int port) =>
        (_process, _port) = (process, port);

    /// <param name="ignored">Startup parameters that it drops; it refuses all others of those it does not
    /// know.</param>
    public static async Task<PgBouncerServer> StartAsync(PostgresServer before, string ignored = "",
        string mode = "transaction", string user = PostgresServer.Superuser)
    {
        var program = Program() ?? throw Prerequisite.Missing("pgbouncer",
            "PgBouncer is not on this machine: install it (Debian, Ubuntu: apt-get install pgbouncer).");
        var port = Ports.Free();
        var settings = Path.Combine(Path.GetTempPath(), $"pgbouncer-{port}-{Guid.NewGuid():N}.ini");
        await File.WriteAllTextAsync(settings, $"""
            [databases]
            * = host=127.0.0.1 port={before.Port} user={user}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = {mode}
            ignore_startup_parameters = {ignored}
            """);
        var process = ChildProcess.Start(new()
        {
            Program = program,
            Arguments = [settings],
            WorkingDirectory = "/",
            // It refuses to be root.
            RunAs = Environment.UserName == "root" ? User : null,
        });
        var server = new PgBouncerServer(process, port);
        await Eventually.Until(async () => process.HasExited || await server.AnswersAsync(), "PgBouncer answers",
            TimeSpan.FromSeconds(20));
        File.Delete(settings);
        return process.HasExited ? throw new ServerFailedException(process.LastLines()) : server;
    }

    /// <summary>The same database by way of the pool.</summary>
    public string Before(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = _port }.ConnectionString;

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.DisposeAsync();
    }

    private static string? Program() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Append("/usr/sbin").Select(folder => Path.Combine(folder, "pgbouncer")).FirstOrDefault(File.Exists);

    private async Task<bool> AnswersAsync()
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
