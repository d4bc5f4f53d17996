using Checkout.Servers;
using Npgsql;
using Npgsql.Replication;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

/// <summary>PostgreSQL over TLS, with passwords, and each role in its own database alone.</summary>
public sealed class SecuredPostgresTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("checkout-secured").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LocalAuthority Authority => LocalAuthority.In(Path.Combine(_folder, "tls"));

    [Fact]
    public async Task Only_who_has_a_password_and_a_database_of_its_own_comes_in_and_only_by_TLS()
    {
        var password = SecretFile.Password(Path.Combine(_folder, "store"));
        await using var server = await StartAsync();
        await RunAsync(server.ConnectionString(), $"CREATE ROLE store LOGIN PASSWORD '{ScramVerifier.Of(password)}'");
        await RunAsync(server.ConnectionString(), "CREATE ROLE tailer LOGIN REPLICATION PASSWORD "
            + $"'{ScramVerifier.Of(password)}'");
        await server.CreateDatabaseAsync("store", Cancel);
        await server.CreateDatabaseAsync("balance", Cancel);
        var right = Of(server, "store", "store", password);
        Assert.Equal(true, await RunAsync(right.ConnectionString,
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, await RefusalAsync(Changed(right, r => r.Password = "wrong")));
        // 28000: no line of pg_hba.conf is for it.
        foreach (var change in new Action<NpgsqlConnectionStringBuilder>[]
            { r => r.SslMode = SslMode.Disable, r => r.Database = "balance", r => r.Username = "nobody" })
            Assert.Equal(PostgresErrorCodes.InvalidAuthorizationSpecification,
                await RefusalAsync(Changed(right, change)));

        // The tailer replicates a database, and can't take a copy of the whole server.
        await using (var stream = new LogicalReplicationConnection(
            Of(server, "store", "tailer", password).ConnectionString))
        {
            await stream.Open(Cancel);
            Assert.Equal("store", (await stream.IdentifySystem(Cancel)).DbName);
        }
        await using var copy = new PhysicalReplicationConnection(
            Of(server, "store", "tailer", password).ConnectionString);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => copy.Open(Cancel));
        Assert.Equal(PostgresErrorCodes.InvalidAuthorizationSpecification, refused.SqlState);
    }

    [Fact]
    public async Task A_server_that_another_authority_vouches_for_or_of_another_name_is_not_believed()
    {
        await using var server = await StartAsync();
        var right = new NpgsqlConnectionStringBuilder(server.ConnectionString()) { Pooling = false };
        Assert.Equal(1, await RunAsync(right.ConnectionString, "SELECT 1"));
        Assert.Equal(1, await RunAsync(Changed(right, r => r.Host = "localhost"), "SELECT 1"));
        var other = LocalAuthority.In(Path.Combine(_folder, "other"));
        Assert.NotNull(await RefusalAsync(Changed(right, r => r.RootCertificate = other.Certificate)));
        Assert.NotNull(await RefusalAsync(Changed(right, r => r.Host = "127.0.0.2")));
    }

    [Fact]
    public async Task A_folder_that_was_open_until_now_is_secured_with_what_it_holds()
    {
        await using (var open = await PostgresServer.StartAsync(Settings() with { Security = null }, Cancel))
        {
            await RunAsync(open.ConnectionString(), "CREATE TABLE t AS SELECT 42 AS n");
            // A server of other settings than a slot needs would not start.
            await RunAsync(open.ConnectionString(), "SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
        }
        await using (var secured = await StartAsync())
        {
            Assert.Equal(42, await RunAsync(secured.ConnectionString(), "SELECT n FROM t"));
            var anybody = Changed(new(secured.ConnectionString()), r => r.Password = null);
            Assert.NotNull(await RefusalAsync(anybody));
        }
        // The same authority and password, a certificate of its own.
        await using var again = await StartAsync();
        Assert.Equal(42, await RunAsync(again.ConnectionString(), "SELECT n FROM t"));
        Assert.DoesNotContain("hunter2", await File.ReadAllTextAsync(again.LogFile, Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_and_passwords_are_for_nobody_else_to_read()
    {
        if (OperatingSystem.IsWindows()) return;
        _ = Authority;
        var path = Path.Combine(_folder, "passwords", "store");
        var password = SecretFile.Password(path);
        Assert.Equal(password, SecretFile.Password(path));
        Assert.NotEqual(password, SecretFile.Password(path + "2"));
        foreach (var secret in new[] { path, Path.Combine(_folder, "tls", "ca.key") })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(secret));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private PostgresSettings Settings() => new()
    {
        DataDirectory = Path.Combine(_folder, "data"),
        LogFile = Path.Combine(_folder, "log"),
        Fsync = false,
        Security = new(Authority, "hunter2; it's \"quoted\"", [("store", "store"), ("store", "tailer")]),
    };

    private Task<PostgresServer> StartAsync() => PostgresServer.StartAsync(Settings(), Cancel);

    private static NpgsqlConnectionStringBuilder Of(PostgresServer server, string database, string role,
        string password) => new(server.ConnectionString(database))
        { Username = role, Password = password, Pooling = false };

    private static string Changed(NpgsqlConnectionStringBuilder of, Action<NpgsqlConnectionStringBuilder> change)
    {
        var changed = new NpgsqlConnectionStringBuilder(of.ConnectionString) { Pooling = false };
        change(changed);
        return changed.ConnectionString;
    }

    /// <summary>Why it is not let in, or does not go in; null where it is.</summary>
    private static async Task<string?> RefusalAsync(string connectionString)
    {
        try
        {
            await RunAsync(connectionString, "SELECT 1");
            return null;
        }
        catch (PostgresException e)
        {
            return e.SqlState;
        }
        catch (NpgsqlException e)
        {
            return e.Message;
        }
    }

    private static async Task<object?> RunAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancel);
    }
}
