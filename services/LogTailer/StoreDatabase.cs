using Npgsql;
using NpgsqlTypes;

namespace Checkout.LogTailer;

/// <param name="SpareBytes">Of the retained log, what is confirmed and so kept for nothing: see <see
/// cref="RestartPoint"/>.</param>
/// <param name="OldestSnapshotSeconds">Age of the oldest transaction of this database that holds back the clean-up of
/// dead rows; 0 for none.</param>
public sealed record SlotState(int? ActivePid, bool IsLost, long RetainedBytes, long SpareBytes,
    double OldestSnapshotSeconds);

/// <summary>The short questions put to a followed database on ordinary connections.</summary>
public sealed class StoreDatabase(NpgsqlDataSource database)
{
    public const string Publication = "events";

    /// <summary>
    /// Making a slot waits for the transactions that are open; one that outlasts this is waited for again by the next
    /// session.
    /// </summary>
    private const int CreateSlotTimeoutSeconds = 60;

    /// <summary>Null while the service's migration has not run yet.</summary>
    public async Task<Head?> HeadAsync(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var ready = new NpgsqlCommand(
            "SELECT to_regclass('head') IS NOT NULL AND to_regclass('events') IS NOT NULL AND EXISTS (SELECT FROM "
                + "pg_publication WHERE pubname = $1)",
            connection)
        { Parameters = { new() { Value = Publication } } };
        if (await ready.ExecuteScalarAsync(stop) is not true) return null;
        await using var command = new NpgsqlCommand("SELECT topic, source, partitions, position, last FROM head",
            connection);
        await using var row = await command.ExecuteReaderAsync(stop);
        return await row.ReadAsync(stop)
            ? new Head(row.GetString(0), row.GetString(1), row.GetInt32(2), row.GetInt64(3),
                row.GetFieldValue<long[]>(4))
            : null;
    }

    /// <summary>The position of the store's last event; null while the service's migration has not run yet.</summary>
    public async Task<long?> HeadPositionAsync(CancellationToken stop)
    {
        await using var command = database.CreateCommand("SELECT position FROM head");
        try
        {
            return await command.ExecuteScalarAsync(stop) as long?;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return null;
        }
    }

    /// <summary>Null when there is no such slot.</summary>
    public async Task<SlotState?> SlotAsync(string slot, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return await SlotAsync(connection, slot, stop);
    }

    public static async Task<SlotState?> SlotAsync(NpgsqlConnection connection, string slot, CancellationToken stop)
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
                       AS open(since)), 0)::float8
            FROM pg_replication_slots WHERE slot_name = $1
            """, connection)
        { Parameters = { new() { Value = slot } } };
        await using var row = await command.ExecuteReaderAsync(stop);
        return await row.ReadAsync(stop)
            ? new SlotState(row.IsDBNull(0) ? null : row.GetInt32(0), row.GetBoolean(1), row.GetInt64(2),
                row.GetInt64(3), Math.Max(0, row.GetDouble(4)))
            : null;
    }

    public async Task CreateSlotAsync(string slot, CancellationToken stop)
    {
        await using var command = database.CreateCommand("SELECT pg_create_logical_replication_slot($1, 'pgoutput')");
        command.Parameters.Add(new() { Value = slot });
        command.CommandTimeout = CreateSlotTimeoutSeconds;
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
            throw new PublicationStoppedException($"PostgreSQL can't make the replication slot {slot}: "
                + $"{e.MessageText}. Set wal_level=logical and restart the server.");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new PublicationStoppedException(
                $"PostgreSQL does not let this role make the replication slot {slot}: {e.MessageText}. Give the role "
                + $"REPLICATION.");
        }
    }

    /// <summary>
    /// Has PostgreSQL write the running transactions to its log, as it does when a logical slot is made.
    /// </summary>
    public async Task NoteRunningTransactionsAsync(string slot, CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_create_logical_replication_slot($1, 'pgoutput', true)");
        command.Parameters.Add(new() { Value = slot[..Math.Min(slot.Length, 60)] + "_at" });
        // The record is written first; what follows would wait for transactions that are open.
        command.CommandTimeout = 1;
        await command.ExecuteNonQueryAsync(stop);
    }

    public async Task DropSlotAsync(string slot, CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1");
        command.Parameters.Add(new() { Value = slot });
        await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>
    /// The events of these partitions with a position in (after, through], in order. Positions have no gaps, so the
    /// range bounds the page.
    /// </summary>
    public async Task<List<StoredEvent>> PageAsync(long after, long through, int[] partitions, CancellationToken stop)
    {
        await using var command = database.CreateCommand("""
            SELECT position, previous, partition, event_id, key, type, occurred_at, correlation_id, causation_id,
                   traceparent, tracestate, payload
            FROM events WHERE position > $1 AND position <= $2 AND partition = ANY($3) ORDER BY position
            """);
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = through });
        command.Parameters.Add(new() { Value = partitions });
        await using var row = await command.ExecuteReaderAsync(stop);
        var page = new List<StoredEvent>((int)(through - after));
        while (await row.ReadAsync(stop))
            page.Add(
                new(row.GetInt64(0), row.GetInt64(1), row.GetInt32(2), row.GetGuid(3), row.GetString(4),
                    row.GetString(5), row.GetDateTime(6),
                row.IsDBNull(7) ? null : row.GetString(7), row.IsDBNull(8) ? null : row.GetGuid(8),
                row.IsDBNull(9) ? null : row.GetString(9), row.IsDBNull(10) ? null : row.GetString(10),
                row.GetFieldValue<byte[]>(11)));
        return page;
    }

    /// <summary>Event id and partition of the events at these positions, as far as the store has them.</summary>
    public async Task<Dictionary<long, (Guid EventId, int Partition)>> EventsAtAsync(long[] positions,
        CancellationToken stop)
    {
        await using var command =
            database.CreateCommand("SELECT position, event_id, partition FROM events WHERE position = ANY($1)");
        command.Parameters.Add(new() { Value = positions });
        await using var row = await command.ExecuteReaderAsync(stop);
        var found = new Dictionary<long, (Guid, int)>();
        while (await row.ReadAsync(stop)) found[row.GetInt64(0)] = (row.GetGuid(1), row.GetInt32(2));
        return found;
    }

    public async Task<List<(byte[] Fingerprint, string Name, string Schema)>> SchemasAsync(CancellationToken stop)
    {
        await using var command = database.CreateCommand("SELECT fingerprint, name, schema FROM schemas");
        await using var row = await command.ExecuteReaderAsync(stop);
        var schemas = new List<(byte[], string, string)>();
        while (await row.ReadAsync(stop))
            schemas.Add((row.GetFieldValue<byte[]>(0), row.GetString(1), row.GetString(2)));
        return schemas;
    }

    /// <summary>Null when the store does not hold a schema of this fingerprint.</summary>
    public async Task<string?> SchemaAsync(ReadOnlyMemory<byte> fingerprint, CancellationToken stop)
    {
        await using var command = database.CreateCommand("SELECT schema FROM schemas WHERE fingerprint = $1");
        command.Parameters.Add(new() { Value = fingerprint, NpgsqlDbType = NpgsqlDbType.Bytea });
        return await command.ExecuteScalarAsync(stop) as string;
    }
}
