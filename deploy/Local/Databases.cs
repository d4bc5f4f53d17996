using Checkout.Local.Secured;
using Checkout.Servers;
using Npgsql;

namespace Checkout.Local;

/// <summary>A database for each service, and the roles that come to it.</summary>
internal static class Databases
{
    /// <param name="credentials">Null where everybody is let in.</param>
    public static Task MakeAsync(PostgresServer server, string name, Credentials? credentials,
        CancellationToken cancellation) => credentials is null ? MakeOpenAsync(server, name, cancellation)
        : MakeSecuredAsync(server, name, credentials, cancellation);

    /// <summary>
    /// Owned by the service's role; the tailer's may read everything and replicate. Nobody has a password.
    /// </summary>
    private static Task MakeOpenAsync(PostgresServer server, string name, CancellationToken cancellation) =>
        RunAsync(server, name,
            $"""
             {Role(name)}
             DO $$ BEGIN
                 IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'logtailer') THEN
                     CREATE ROLE logtailer LOGIN REPLICATION;
                     GRANT pg_read_all_data, pg_read_all_stats TO logtailer;
                 END IF;
             END $$;
             ALTER DATABASE {name} OWNER TO {name};
             """, cancellation);

    /// <summary>
    /// Owned by a role that migrates it; the service's and the tailer's have what migrate gives them. What the service
    /// owned until now goes over to the owner.
    /// </summary>
    private static Task MakeSecuredAsync(PostgresServer server, string name, Credentials credentials,
        CancellationToken cancellation)
    {
        var owner = Credentials.OwnerOf(name);
        return RunAsync(server, name,
            $"""
             {Role(name)} {Role(owner)} {Role(Credentials.Tailer)}
             ALTER ROLE {name} PASSWORD '{ScramVerifier.Of(credentials.RolesPassword(name))}';
             ALTER ROLE {owner} PASSWORD '{ScramVerifier.Of(credentials.RolesPassword(owner))}';
             ALTER ROLE {Credentials.Tailer} REPLICATION
                 PASSWORD '{ScramVerifier.Of(credentials.RolesPassword(Credentials.Tailer))}';
             REVOKE pg_read_all_data FROM {Credentials.Tailer};
             GRANT pg_read_all_stats TO {Credentials.Tailer};
             ALTER DATABASE {name} OWNER TO {owner};
             REASSIGN OWNED BY {name} TO {owner};
             REVOKE ALL ON DATABASE {name} FROM PUBLIC;
             GRANT CONNECT ON DATABASE {name} TO {name}, {Credentials.Tailer};
             """, cancellation);
    }

    /// <summary>The database of a process that alone comes to it, owns it and migrates it itself.</summary>
    public static Task MakeOwnAsync(PostgresServer server, string name, Credentials? credentials,
        CancellationToken cancellation) => RunAsync(server, name, Role(name)
            + (credentials is null ? ""
                : $"ALTER ROLE {name} PASSWORD '{ScramVerifier.Of(credentials.RolesPassword(name))}';")
            + $"ALTER DATABASE {name} OWNER TO {name}; REVOKE ALL ON DATABASE {name} FROM PUBLIC;", cancellation);

    private static string Role(string name) =>
        $"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN CREATE ROLE {name} LOGIN; "
            + "END IF; END $$;";

    private static async Task RunAsync(PostgresServer server, string name, string sql, CancellationToken cancellation)
    {
        await server.CreateDatabaseAsync(name, cancellation);
        await using var connection = new NpgsqlConnection(server.ConnectionString(name));
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
