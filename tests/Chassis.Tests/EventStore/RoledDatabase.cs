using Avro;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Checkout.Chassis.Tests.EventStore;

/// <summary>A database with a role that owns it, one that serves and one that tails, as in production.</summary>
internal sealed class RoledDatabase : IAsyncDisposable
{
    private readonly string _superuser;

    private RoledDatabase(string superuser, string name) => (_superuser, Name) = (superuser, name);

    public string Name { get; }
    public string Serving => $"{Name}_serving";
    public string Tailer => $"{Name}_tailer";
    public LogLines Lines { get; } = new();

    public static async Task<RoledDatabase> NewAsync(Stage stage)
    {
        var database = new RoledDatabase(await stage.Postgres.NewDatabaseAsync(), $"r{Guid.NewGuid():N}"[..12]);
        await database.ExecuteAsync($"""
            CREATE ROLE {database.Name} LOGIN; CREATE ROLE {database.Serving} LOGIN;
            CREATE ROLE {database.Tailer} LOGIN REPLICATION;
            """);
        var own = new NpgsqlConnectionStringBuilder(database._superuser).Database;
        await database.ExecuteAsync($"ALTER DATABASE \"{own}\" OWNER TO {database.Name}");
        return database;
    }

    public string ConnectionString(string? role = null) =>
        role is null ? _superuser : new NpgsqlConnectionStringBuilder(_superuser) { Username = role }.ConnectionString;

    /// <summary>By the role that owns it, or by another.</summary>
    public async Task MigrateAsync(EventStoreOptions? store = null, string? role = null, StoreRoles? roles = null)
    {
        await using var source = Database.Open(ConnectionString(role ?? Name), "migrate");
        await ReadyOf(source, store, roles).MigrateAsOwnerAsync(CancellationToken.None);
    }

    public DatabaseReady ReadyOf(NpgsqlDataSource source, EventStoreOptions? store = null, StoreRoles? roles = null)
    {
        var loggers = new LoggerFactory([Lines]);
        var table = Tallies.Table("tally", "tallies.told", "asked", "facts");
        return new(source, new(new Logger<Migrations>(loggers)), store ?? StoreDatabase.Options,
            typeof(RoledDatabase).Assembly,
            [(RecordSchema)Counted.Written, (RecordSchema)Answered.Written], new Logger<DatabaseReady>(loggers))
        {
            Declared = table.DeclaredTables(),
            Roles = roles ?? new(Serving, Tailer),
        };
    }

    /// <summary>Null where it went well; else why it did not.</summary>
    public async Task<string?> RefusalAsync(string role, string sql)
    {
        try
        {
            await ExecuteAsync(sql, role);
            return null;
        }
        catch (PostgresException e)
        {
            return e.SqlState;
        }
    }

    public async Task ExecuteAsync(string sql, string? role = null)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(role) + ";Pooling=false");
        await connection.ExecuteAsync(sql);
    }

    public async ValueTask DisposeAsync()
    {
        await ExecuteAsync($"REASSIGN OWNED BY {Name} TO postgres");
        // One by one: of several at once PostgreSQL 15 removes a default privilege twice (XX000).
        foreach (var role in new[] { Serving, Tailer, Name })
            await ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
    }
}
