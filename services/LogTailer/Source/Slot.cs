using Npgsql;

namespace Checkout.LogTailer.Source;

/// <param name="SpareBytes">Of the retained log, what is confirmed and so kept for nothing.</param>
/// <param name="OldestSnapshotSeconds">
/// Age of the oldest transaction of this database that holds back the clean-up of dead rows; 0 for none.
/// </param>
/// <param name="OthersDatabase">The database that the slot is of, where it is of another; null where it is
/// ours.</param>
/// <param name="Plugin">Null for a physical slot.</param>
public sealed record SlotState(
    int? ActivePid, bool IsLost, long RetainedBytes, long SpareBytes, double OldestSnapshotSeconds,
    string? OthersDatabase = null, string? Plugin = Slot.Plugin);

/// <summary>A store's replication slot: by it PostgreSQL keeps the log that was not confirmed yet.</summary>
public sealed class Slot(NpgsqlDataSource database, string name)
{
    public const int MaxNameLength = 63;
    public const string Plugin = "pgoutput";

    /// <summary>
    /// Making a slot waits for the transactions that are open; one that outlasts this is waited for again by the next
    /// session.
    /// </summary>
    private const int CreateTimeoutSeconds = 60;

    public string Name => name;

    /// <summary>Null when there is no such slot.</summary>
    public async Task<SlotState?> StateAsync(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return await StateAsync(connection, stop);
    }

    public async Task<SlotState?> StateAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        // Confirmed log is still kept until the next restart point moves: restart_lsn is what fills the disk.
        await using var command = new NpgsqlCommand("""
            SELECT active_pid, coalesce(wal_status, 'lost') = 'lost',
                   coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint,
                   coalesce(pg_wal_lsn_diff(confirmed_flush_lsn, restart_lsn), 0)::bigint,
                   coalesce((SELECT extract(epoch FROM clock_timestamp() - min(since)) FROM (
                       SELECT xact_start FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()
                             AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
                       UNION ALL SELECT prepared FROM pg_prepared_xacts WHERE database = current_database())
                       AS open(since)), 0)::float8,
                   nullif(database, current_database()), plugin
            FROM pg_replication_slots WHERE slot_name = $1
            """, connection)
        { Parameters = { new() { Value = name } } };
        await using var row = await command.ExecuteReaderAsync(stop);
        return await row.ReadAsync(stop)
            ? new SlotState(row.IsDBNull(0) ? null : row.GetInt32(0), row.GetBoolean(1), row.GetInt64(2),
                row.GetInt64(3), Math.Max(0, row.GetDouble(4)), row.IsDBNull(5) ? null : row.GetString(5),
                row.IsDBNull(6) ? null : row.GetString(6))
            : null;
    }

    /// <summary>
    /// Slot names are shared by all databases of a server: one of this name may be for something else.
    /// </summary>
    /// <exception cref="PublicationStoppedException">It is.</exception>
    public void MustBeOurs(SlotState state)
    {
        var what = state.OthersDatabase is { } other ? $"is of database {other}"
            : state.Plugin is null ? "is a physical one"
            : state.Plugin != Plugin ? $"has the plugin {state.Plugin}"
            : null;
        if (what is not null)
            throw new PublicationStoppedException($"The replication slot {name} {what} and was not made for this "
                + "store: give the store another name for its slot, with Stores:n:Slot.");
    }

    public async Task CreateAsync(CancellationToken stop)
    {
        await using var command = database.CreateCommand("SELECT pg_create_logical_replication_slot($1, $2)");
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = Plugin });
        command.CommandTimeout = CreateTimeoutSeconds;
        try
        {
            await command.ExecuteNonQueryAsync(stop);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DuplicateObject)
        {
            // Another tailer was faster.
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ObjectNotInPrerequisiteState)
        {
            throw new PublicationStoppedException($"PostgreSQL can't make the replication slot {name}: "
                + $"{e.MessageText}. Set wal_level=logical and restart the server.");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new PublicationStoppedException($"PostgreSQL does not let this role make the replication slot "
                + $"{name}: {e.MessageText}. Give the role REPLICATION.");
        }
    }

    /// <summary>Has PostgreSQL write the running transactions to its log, as it does when a slot is made.</summary>
    public async Task NoteRunningTransactionsAsync(CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_create_logical_replication_slot($1, $2, true)");
        command.Parameters.Add(new() { Value = name[..Math.Min(name.Length, 60)] + "_at" });
        command.Parameters.Add(new() { Value = Plugin });
        // The record is written first; what follows would wait for transactions that are open.
        command.CommandTimeout = 1;
        await command.ExecuteNonQueryAsync(stop);
    }

    public async Task DropAsync(CancellationToken stop)
    {
        await using var command = database.CreateCommand("""
            SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
            WHERE slot_name = $1 AND database = current_database()
            """);
        command.Parameters.Add(new() { Value = name });
        await command.ExecuteNonQueryAsync(stop);
    }
}
