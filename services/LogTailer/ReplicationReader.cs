using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;
using Npgsql.Replication.PgOutput.Messages;
using NpgsqlTypes;

namespace Checkout.LogTailer;

/// <summary>
/// The replication connection to one database: the slot's stream, its rows as events, and the confirmations back.
/// </summary>
public sealed class ReplicationReader : IAsyncDisposable
{
    /// <summary>
    /// PostgreSQL frees the slot of a tailer that stopped answering after this time (its default is 60 s).
    /// </summary>
    private const string WalSenderTimeout = "-c wal_sender_timeout=2s";

    /// <summary>
    /// A timer of Npgsql reports at this pace also while a message is being handled: with 10 s a busy tailer was cut,
    /// at a quarter of the time-out it was not (Npgsql 10.0.3).
    /// </summary>
    private static readonly TimeSpan StatusInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan TeardownTimeout = TimeSpan.FromSeconds(3);

    private readonly LogicalReplicationConnection _connection;
    private readonly string _slot;
    private NpgsqlLogSequenceNumber _reported;

    public ReplicationReader(string connectionString, string slot)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        settings.Options = string.IsNullOrEmpty(settings.Options) ? WalSenderTimeout
            : $"{settings.Options} {WalSenderTimeout}";
        _connection = new LogicalReplicationConnection(settings.ConnectionString)
        {
            WalReceiverStatusInterval = StatusInterval
        };
        _slot = slot;
    }

    public int WalSenderPid => _connection.ProcessID;

    /// <summary>
    /// The end of what arrived, keepalives included: the only sign of other tables' and databases' progress.
    /// </summary>
    public NpgsqlLogSequenceNumber Received => _connection.LastReceivedLsn;

    public Task OpenAsync(CancellationToken stop) => _connection.Open(stop);

    /// <summary>
    /// Started by the first move. Only cancelling the token ends it cleanly: leaving the enumeration alone keeps the
    /// connection in replication (npgsql#5523).
    /// </summary>
    public IAsyncEnumerable<PgOutputReplicationMessage> Stream(CancellationToken stop) =>
        _connection.StartReplication(new PgOutputReplicationSlot(_slot),
            new PgOutputReplicationOptions(StoreDatabase.Publication, PgOutputProtocolVersion.V1, binary: true), stop);

    /// <summary>The outcome of the first move, with PostgreSQL's refusals to read this slot told apart.</summary>
    public static async Task<bool> StartedAsync(Task<bool> firstMove, string slot)
    {
        try
        {
            return await firstMove;
        }
        catch (PostgresException e)
            when (e.SqlState is PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.ObjectNotInPrerequisiteState)
        {
            // 42704: no such slot, or the publication is younger than the slot's position. 55000: invalidated (both
            // seen on PostgreSQL 15.18).
            throw new SlotLostException($"The replication slot {slot} can't be read: {e.MessageText}.", e);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ObjectInUse)
        {
            throw new SlotIsAnothersException(e.MessageText);
        }
    }

    /// <summary>Reports a position if it is a later one; never called by two at once.</summary>
    public async Task ReportAsync(NpgsqlLogSequenceNumber position, CancellationToken stop)
    {
        // A Relation message's WalEnd is 0/0 and would set the reported position back (npgsql#5251): only ever forward,
        // and never from a message's WalEnd.
        if (position <= _reported) return;
        _connection.SetReplicationStatus(position);
        await _connection.SendStatusUpdate(stop);
        _reported = position;
    }

    /// <summary>Null when the rule says skip: then only the first columns were read.</summary>
    public static async ValueTask<StoredEvent?> ReadAsync(ReplicationTuple row, EventColumn[] columns,
        SuccessorRule rule, CancellationToken stop)
    {
        long position = 0, previous = 0;
        int partition = -1, column = 0;
        Guid eventId = default;
        string key = "", type = "";
        DateTime occurredAt = default;
        string? correlationId = null, traceParent = null, traceState = null;
        Guid? causationId = null;
        byte[] payload = [];
        await foreach (var value in row)
        {
            switch (columns[column++])
            {
                case EventColumn.Position: position = await value.Get<long>(stop); break;
                case EventColumn.Previous: previous = await value.Get<long>(stop); break;
                case EventColumn.Partition:
                    partition = await value.Get<int>(stop);
                    if (position != 0 && position <= rule.Last(partition)) return null;
                    break;
                case EventColumn.EventId: eventId = await value.Get<Guid>(stop); break;
                case EventColumn.Key: key = await value.Get<string>(stop); break;
                case EventColumn.Type: type = await value.Get<string>(stop); break;
                case EventColumn.OccurredAt: occurredAt = await value.Get<DateTime>(stop); break;
                case EventColumn.CorrelationId:
                    if (!value.IsDBNull) correlationId = await value.Get<string>(stop); break;
                case EventColumn.CausationId: if (!value.IsDBNull) causationId = await value.Get<Guid>(stop); break;
                case EventColumn.TraceParent: if (!value.IsDBNull) traceParent = await value.Get<string>(stop); break;
                case EventColumn.TraceState: if (!value.IsDBNull) traceState = await value.Get<string>(stop); break;
                case EventColumn.Payload: payload = await value.Get<byte[]>(stop); break;
            }
        }
        return new(position, previous, partition, eventId, key, type, occurredAt, correlationId, causationId,
            traceParent, traceState, payload);
    }

    /// <summary>
    /// Ends the connection within a time limit: after the server's shutdown or a cut network it may not answer
    /// (npgsql#5752, npgsql#6630).
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _connection.DisposeAsync().AsTask().WaitAsync(TeardownTimeout);
        }
        catch (Exception e) when (IsConnectionTrouble(e) || e is TimeoutException)
        {
            // The session is over either way; PostgreSQL frees the slot when the socket closes or wal_sender_timeout
            // passes.
        }
    }

    /// <summary>
    /// What a lost connection looks like: NpgsqlException also for "Received backend message CommandComplete while
    /// expecting CopyDataMessage. Please file a bug." at a server's shutdown (npgsql#5752), and NullReference or
    /// ObjectDisposed from a status update during teardown (npgsql#6630).
    /// </summary>
    public static bool IsConnectionTrouble(Exception e) =>
        e is NpgsqlException or IOException or ObjectDisposedException or NullReferenceException
            or InvalidOperationException;
}
