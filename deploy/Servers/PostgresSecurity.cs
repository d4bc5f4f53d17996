namespace Checkout.Servers;

/// <summary>
/// TLS alone, with passwords, and each role into its own databases alone. No role is let into replication of the whole
/// server, as a base backup is: a slot's stream is a connection to its database.
/// </summary>
/// <param name="SuperuserPassword">In force from the next start on.</param>
/// <param name="Roles">Who may connect to which database, beside the superuser.</param>
public sealed record PostgresSecurity(
    LocalAuthority Authority, string SuperuserPassword, IReadOnlyList<(string Database, string Role)> Roles)
{
    private const string Certificate = "server.crt", Key = "server.key", Hba = "pg_hba.secured.conf",
        Password = "superuser.sql";

    /// <summary>Server settings.</summary>
    internal static IEnumerable<(string Name, string Value)> Settings(PostgresFolder folder) =>
    [
        ("ssl", "on"), ("ssl_min_protocol_version", "TLSv1.2"), ("password_encryption", "scram-sha-256"),
        ("ssl_cert_file", Path.Combine(folder.Path, Certificate)), ("ssl_key_file", Path.Combine(folder.Path, Key)),
        ("hba_file", Path.Combine(folder.Path, Hba)),
    ];

    /// <summary>
    /// Before the server starts: its certificate, who may connect, and the superuser's password, which a folder that
    /// was open until now has none of. By PostgreSQL's single-user mode, to which nobody can connect.
    /// </summary>
    /// <param name="settings">The server's, without which it does not start where it has replication slots.</param>
    internal async Task PrepareAsync(string binaries, PostgresFolder folder, IEnumerable<string> settings,
        CancellationToken cancel)
    {
        var (certificate, key) = Authority.Issue("postgres");
        Write(folder, Certificate, certificate);
        Write(folder, Key, key);
        Write(folder, Hba, string.Join('\n', Roles.Select(role => Line(role.Database, role.Role))
            .Prepend(Line("all", PostgresServer.Superuser))) + "\n");
        Write(folder, Password, $"ALTER ROLE {PostgresServer.Superuser} PASSWORD "
            + $"'{ScramVerifier.Of(SuperuserPassword)}'\n");
        try
        {
            await Programs.RunAsync(new()
            {
                Program = "/bin/sh",
                Arguments = ["-c", "sql=$1; shift; exec \"$@\" < \"$sql\"", "sh", Path.Combine(folder.Path, Password),
                    Path.Combine(binaries, "postgres"), "--single", "-D", folder.Path, .. settings,
                    PostgresServer.Superuser],
                RunAs = folder.User,
                WorkingDirectory = "/",
            }, $"Setting the superuser's password of {folder.Path}", cancel);
        }
        finally
        {
            File.Delete(Path.Combine(folder.Path, Password));
        }
    }

    private static string Line(string database, string role) =>
        $"hostssl \"{database}\" \"{role}\" 127.0.0.1/32 scram-sha-256".Replace("\"all\"", "all",
            StringComparison.Ordinal);

    private static void Write(PostgresFolder folder, string name, string text)
    {
        var path = Path.Combine(folder.Path, name);
        SecretFile.Write(path, text);
        if (folder.User is { } user) Programs.Output("chown", user, path);
    }
}
