using Checkout.Chassis.EventStore;
using Checkout.Chassis.WireFormat;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.LogTailer.Source;

/// <summary>The short questions put to a followed event store on ordinary connections.</summary>
public sealed class StoreDatabase(NpgsqlDataSource database)
{
    public const string Publication = "events";

    /// <summary>
    /// Short transactions: an open snapshot makes dead versions of the head row pile up, which slows every append.
    /// </summary>
    public const int PageEvents = 4_000;

    private const string Refills = "refills";

    /// <summary>An event may have a megabyte, and two pages are in memory at once.</summary>
    public const int PageBytes = 16 << 20;

    /// <summary>Null while the service's migration has not run yet.</summary>
    /// <exception cref="PublicationStoppedException">
    /// The publication leaves out events, or this role may not read the store.
    /// </exception>
    public async Task<Head?> PublishedHeadAsync(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        if (!await IsPublishedAsync(connection, stop)) return null;
        var rights = await HasRefillsAsync(connection, stop) ? Rights.OfTailer
            : [.. Rights.OfTailer.Where(right => right.Table != Refills)];
        if (await StoreRoles.MissingAsync(connection, rights) is { Count: > 0 } missing)
            throw new PublicationStoppedException($"The role {connection.UserName} may not read the store "
                + $"{connection.Database} (it lacks {string.Join(", ", missing)}): run its service's command migrate, "
                + $"by the role that owns the tables and with Database:TailerRole={connection.UserName}.");
        return await HeadAsync(connection, stop);
    }

    /// <summary>A service of before has none: it may be upgraded after this.</summary>
    private static async Task<bool> HasRefillsAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand($"SELECT to_regclass('{Refills}') IS NOT NULL", connection);
        return (bool)(await command.ExecuteScalarAsync(stop))!;
    }

    /// <summary>Null where the store is empty of everything, its head too.</summary>
    public async Task<Head?> HeadAsync(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return await HeadAsync(connection, stop);
    }

    private static async Task<Head?> HeadAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand("""
            SELECT topic, source, partitions, position, last,
                   (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.oid = to_regclass('events'))
            FROM head
            """, connection);
        await using var row = await command.ExecuteReaderAsync(stop);
        return await row.ReadAsync(stop)
            ? new Head(row.GetString(0), row.GetString(1), row.GetInt32(2), row.GetInt64(3),
                row.GetFieldValue<long[]>(4), row.GetString(5))
            : null;
    }

    /// <summary>What a publication leaves out, its stream is silent about.</summary>
    private static async Task<bool> IsPublishedAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        // By their names: a cast to regclass is made for tables of pg_toast too, which a role of few rights may not.
        await using var command = new NpgsqlCommand("""
            SELECT p.pubinsert, t.tablename IS NOT NULL, t.rowfilter
            FROM pg_publication p
                 JOIN pg_class c ON c.oid = to_regclass('events') JOIN pg_namespace n ON n.oid = c.relnamespace
                 LEFT JOIN pg_publication_tables t ON (t.pubname, t.schemaname, t.tablename)
                     = (p.pubname, n.nspname, c.relname)
            WHERE p.pubname = $1 AND to_regclass('head') IS NOT NULL
            """, connection)
        { Parameters = { new() { Value = Publication } } };
        await using var row = await command.ExecuteReaderAsync(stop);
        if (!await row.ReadAsync(stop)) return false;
        if (!row.GetBoolean(1))
            throw Stopped("lacks table events, so nothing of it comes", "ADD TABLE events");
        if (!row.GetBoolean(0))
            throw Stopped("lacks inserts, so nothing comes", "SET (publish = 'insert')");
        if (!row.IsDBNull(2))
            throw Stopped($"leaves out rows of table events ({row.GetString(2)})", "SET TABLE events");
        return true;
    }

    private static PublicationStoppedException Stopped(string what, string change) =>
        new($"The publication {Publication} {what}: run ALTER PUBLICATION {Publication} {change}.");

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

    /// <summary>
    /// Up to here the transaction log may tell of events that the store set aside when it was refilled from its topic
    /// (docs/decisions/0014-refill.md); what the store has of that time is published from the store. 0/0 where it never
    /// was, or not on this server.
    /// </summary>
    public async Task<NpgsqlLogSequenceNumber> RefilledUpToAsync(CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            "SELECT coalesce(max(log_end), '0/0') FROM refills WHERE log_end <= pg_current_wal_insert_lsn()");
        try
        {
            return await command.ExecuteScalarAsync(stop) is NpgsqlLogSequenceNumber end ? end : default;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // A service of before.
            return default;
        }
    }

    /// <summary>
    /// The events of these partitions with a position in (after, through], in order, up to the limits of a page. At
    /// least one, where there is one.
    /// </summary>
    public async Task<StorePage> PageAsync(long after, long through, int[] partitions, CancellationToken stop)
    {
        // Positions have no gaps, so the range bounds the rows.
        var last = Math.Min(after + PageEvents, through);
        await using var command = database.CreateCommand("""
            SELECT position, previous, partition, event_id, key, type, occurred_at, correlation_id, causation_id,
                   traceparent, tracestate, payload, bytes_before + octet_length(payload) >= $4
            FROM (SELECT *, sum(octet_length(payload)) OVER (ORDER BY position) - octet_length(payload) AS bytes_before
                  FROM events WHERE position > $1 AND position <= $2 AND partition = ANY($3)) AS page
            WHERE bytes_before < $4 ORDER BY position
            """);
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = last });
        command.Parameters.Add(new() { Value = partitions });
        command.Parameters.Add(new() { Value = (long)PageBytes });
        await using var row = await command.ExecuteReaderAsync(stop);
        var events = new List<StoredEvent>();
        var isFull = false;
        while (await row.ReadAsync(stop))
        {
            events.Add(Event(row));
            isFull = row.GetBoolean(12);
        }
        return new(events, isFull ? events[^1].Position : last);
    }

    private static StoredEvent Event(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetInt32(2), row.GetGuid(3), row.GetString(4), row.GetString(5),
        row.GetDateTime(6), row.IsDBNull(7) ? null : row.GetString(7), row.IsDBNull(8) ? null : row.GetGuid(8),
        row.IsDBNull(9) ? null : row.GetString(9), row.IsDBNull(10) ? null : row.GetString(10),
        row.GetFieldValue<byte[]>(11));

    /// <summary>What the events at these positions are known by, as far as the store has them.</summary>
    public async Task<Dictionary<long, EventFingerprint>> EventsAtAsync(long[] positions, CancellationToken stop)
    {
        await using var command = database.CreateCommand("""
            SELECT position, event_id, partition, type, encode(sha256(substring(payload FROM $2)), 'hex')
            FROM events WHERE position = ANY($1)
            """);
        command.Parameters.Add(new() { Value = positions });
        command.Parameters.Add(new() { Value = SingleObject.HeaderBytes + 1 });
        await using var row = await command.ExecuteReaderAsync(stop);
        var found = new Dictionary<long, EventFingerprint>();
        while (await row.ReadAsync(stop))
            found[row.GetInt64(0)] = new(row.GetGuid(1), row.GetInt32(2), row.GetString(3), row.GetString(4));
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
