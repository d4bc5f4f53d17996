using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;
using Npgsql.Replication.PgOutput.Messages;
using NpgsqlTypes;

namespace Checkout.LogTailer.Source;

/// <summary>
/// The replication connection to one database: the slot's stream, and the confirmations back.
/// </summary>
public sealed class ReplicationStream : IAsyncDisposable
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
    private IAsyncEnumerator<PgOutputReplicationMessage>? _messages;
    private NpgsqlLogSequenceNumber _reported;

    public ReplicationStream(string connectionString, string slot) =>
        (_connection, _slot) = (ConnectionTo(connectionString), slot);

    public int WalSenderPid => _connection.ProcessID;

    /// <summary>
    /// The end of what arrived, keepalives included: the only sign of other tables' and databases' progress.
    /// </summary>
    public NpgsqlLogSequenceNumber Received => _connection.LastReceivedLsn;

    public Task OpenAsync(CancellationToken stop) => _connection.Open(stop);

    /// <summary>
    /// START_REPLICATION goes out with the first move; the move itself may last until the next event. Only cancelling
    /// the token ends the stream cleanly: leaving the enumeration alone keeps the connection in replication
    /// (npgsql#5523).
    /// </summary>
    public void Start(CancellationToken stop)
    {
        var options =
            new PgOutputReplicationOptions(StoreDatabase.Publication, PgOutputProtocolVersion.V1, binary: true);
        _messages = _connection.StartReplication(new PgOutputReplicationSlot(_slot), options, stop)
            .GetAsyncEnumerator(stop);
        FirstMove = StartedAsync(_messages.MoveNextAsync().AsTask());
    }

    /// <summary>
    /// Faults where the slot can't be read: at once, or when the first change is decoded.
    /// </summary>
    /// <exception cref="SlotLostException">PostgreSQL does not have what the slot was to keep.</exception>
    /// <exception cref="SlotIsAnothersException">Another process reads it.</exception>
    public Task<bool> FirstMove { get; private set; } = Task.FromResult(false);

    /// <exception cref="PostgresException">A pool in between knows no replication.</exception>
    public static async Task MustReplicateAsync(string connectionString, CancellationToken stop)
    {
        await using var connection = ConnectionTo(connectionString);
        await connection.Open(stop);
        await connection.IdentifySystem(stop);
    }

    private static LogicalReplicationConnection ConnectionTo(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        settings.Options = string.IsNullOrEmpty(settings.Options) ? WalSenderTimeout
            : $"{settings.Options} {WalSenderTimeout}";
        return new LogicalReplicationConnection(settings.ConnectionString)
        {
            WalReceiverStatusInterval = StatusInterval
        };
    }

    public PgOutputReplicationMessage Current => _messages!.Current;

    /// <summary>After the first move.</summary>
    public ValueTask<bool> MoveNextAsync() => _messages!.MoveNextAsync();

    private async Task<bool> StartedAsync(Task<bool> firstMove)
    {
        try
        {
            return await firstMove;
        }
        catch (PostgresException e)
            when (e.SqlState is PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.ObjectNotInPrerequisiteState)
        {
            // 42704: no such slot, or the publication is younger than the slot's position. 55000: invalidated (both
            // seen on PostgreSQL 15.18). That the slot is of this database was seen before.
            throw new SlotLostException($"The replication slot {_slot} can't be read: {e.MessageText}.", e);
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
