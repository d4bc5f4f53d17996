using Checkout.Chassis.State;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.EventStore;

/// <summary>The roles of a store beside the one that owns it; null where there is none of its own.</summary>
/// <param name="Serving">As which the service serves.</param>
/// <param name="Tailer">As which LogTailer replicates and reads.</param>
public sealed record StoreRoles(string? Serving, string? Tailer)
{
    public static readonly StoreRoles None = new(null, null);

    /// <summary>
    /// Gives each role what it needs and takes what else it was given, in one transaction: tables that came with later
    /// migrations as well. Given again it changes nothing.
    /// </summary>
    /// <exception cref="UnusableDatabaseException">A role is not there, or owns what it is to be kept from.</exception>
    public async Task GrantAsync(NpgsqlConnection connection, IEnumerable<Table> declared)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        if (Serving is not null)
        {
            await MustBeApartAsync(connection, Serving, "Database:ServingRole");
            await GiveAsync(connection, Serving, Rights.OfServing(declared));
            await connection.ExecuteAsync(
                $"REVOKE ALL ON FUNCTION {Rights.Append} FROM PUBLIC; "
                    + $"GRANT EXECUTE ON FUNCTION {Rights.Append} TO {Quoted(Serving)}");
            // What the events lead to is kept in temporary tables, and compared with what is there.
            await connection.ExecuteAsync($"GRANT TEMPORARY ON DATABASE "
                + $"{Quoted((await connection.ExecuteScalarAsync<string>("SELECT current_database()"))!)} "
                + $"TO {Quoted(Serving)}");
        }
        if (Tailer is not null)
        {
            await MustBeApartAsync(connection, Tailer, "Database:TailerRole");
            await GiveAsync(connection, Tailer, Rights.OfTailer);
        }
        await transaction.CommitAsync();
    }

    /// <summary>Whether who is connected may make and change the tables of the store.</summary>
    public static Task<bool> MayMigrateAsync(NpgsqlConnection connection) => connection.ExecuteScalarAsync<bool>(
        """
        SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
           AND CASE WHEN to_regclass('events') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
               ELSE (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('events')) END
        """);

    /// <summary>What who is connected lacks of these.</summary>
    public static async Task<IReadOnlyList<Right>> MissingAsync(NpgsqlConnection connection,
        IReadOnlyList<Right> rights)
    {
        var missing = new List<Right>();
        foreach (var right in rights)
        {
            var has = right.Columns is null
                ? await connection.ExecuteScalarAsync<bool?>(
                    "SELECT has_table_privilege(to_regclass(@Table), @Verb)", right)
                : await connection.ExecuteScalarAsync<bool?>(
                    """
                    SELECT bool_and(has_column_privilege(to_regclass(@Table), name, @Verb)) FROM unnest(@Columns) name
                    """, new { right.Table, right.Verb, Columns = right.Columns.ToArray() });
            if (has != true) missing.Add(right);
        }
        return missing;
    }

    private static async Task GiveAsync(NpgsqlConnection connection, string role, IEnumerable<Right> rights)
    {
        var to = Quoted(role);
        var schema = Quoted((await connection.ExecuteScalarAsync<string>("SELECT current_schema()"))!);
        await connection.ExecuteAsync(
            $"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC; GRANT USAGE ON SCHEMA {schema} TO {to}; "
                + $"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {to}; "
                + string.Join("; ", rights.Select(right => $"GRANT {right} TO {to}")));
    }

    private static async Task MustBeApartAsync(NpgsqlConnection connection, string role, string setting)
    {
        var (isThere, owns) = await connection.QuerySingleAsync<(bool, bool)>(
            """
            SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = @role),
                   EXISTS (SELECT FROM pg_roles r JOIN pg_class c ON c.oid = to_regclass('events')
                           WHERE r.rolname = @role AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
            """, new { role });
        if (!isThere)
            throw new UnusableDatabaseException($"{setting} is {role}, and there is no such role: make it with "
                + $"CREATE ROLE {Quoted(role)} LOGIN, as docs/secured-servers.md says.");
        if (owns)
            throw new UnusableDatabaseException($"{setting} is {role}, which owns the tables of this store, is a "
                + "member of their owner or a superuser, and so can't be kept from anything: give a role of its own.");
    }

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
