using Npgsql;

namespace Checkout.LogTailer;

/// <summary>
/// The right to produce: PostgreSQL has said within the last second that the slot is ours. A tailer that was frozen
/// wakes with a stale answer, and so asks before it sends anything. Time is the monotonic clock's, counted from before
/// the question.
/// </summary>
public sealed class Lease : IAsyncDisposable
{
    public static readonly TimeSpan Validity = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan QuestionInterval = TimeSpan.FromMilliseconds(300);
    private const int QuestionTimeoutSeconds = 3;

    private readonly NpgsqlConnection _connection;
    private readonly string _slot;
    private readonly int _walSenderPid;
    private readonly TimeProvider _time;
    private readonly Action<SlotState> _seen;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _gained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _validUntil = long.MinValue;
    private Task _asking = Task.CompletedTask;

    private Lease(NpgsqlConnection connection, string slot, int walSenderPid, TimeProvider time, Action<SlotState> seen)
    {
        (_connection, _slot, _walSenderPid, _time, _seen) = (connection, slot, walSenderPid, time, seen);
    }

    public bool IsFresh => _time.GetTimestamp() < Volatile.Read(ref _validUntil);

    /// <summary>Completes when the slot is ours for the first time.</summary>
    public Task Gained => _gained.Task;

    /// <summary>
    /// Asks until disposed; <paramref name="lost"/> is called once when the slot is not ours any more or can't be asked
    /// about.
    /// </summary>
    public static async Task<Lease> StartAsync(
        NpgsqlDataSource database, string slot, int walSenderPid, TimeProvider time, Action<SlotState> seen,
        Func<Exception, Task> lost, CancellationToken stop)
    {
        var lease = new Lease(await database.OpenConnectionAsync(stop), slot, walSenderPid, time, seen);
        lease._asking = Task.Run(() => lease.AskAsync(lost), CancellationToken.None);
        return lease;
    }

    public async Task FreshAsync(CancellationToken stop)
    {
        while (true)
        {
            var next = Volatile.Read(ref _answered).Task;
            if (IsFresh) return;
            await next.WaitAsync(stop);
        }
    }

    private async Task AskAsync(Func<Exception, Task> lost)
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                await AskOnceAsync();
                await Task.Delay(QuestionInterval, _time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
            when (e is SlotIsAnothersException or SlotLostException or OperationCanceledException
                || ReplicationReader.IsConnectionTrouble(e))
        {
            // Also 57P01 when the server stops: a walsender waits there for confirmations that a broker outage may hold
            // up for ever, so the session ends.
            Volatile.Write(ref _validUntil, long.MinValue);
            await lost(e is OperationCanceledException
                ? new TimeoutException(
                    $"PostgreSQL did not say within {QuestionTimeoutSeconds} s whose slot {_slot} is.", e)
                : e);
        }
    }

    private async Task AskOnceAsync()
    {
        var asked = _time.GetTimestamp();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        timeout.CancelAfter(TimeSpan.FromSeconds(QuestionTimeoutSeconds));
        var state = await StoreDatabase.SlotAsync(_connection, _slot, timeout.Token)
            ?? throw new SlotLostException($"The replication slot {_slot} is gone.");
        _seen(state);
        if (state.ActivePid == _walSenderPid)
        {
            Volatile.Write(ref _validUntil, asked + (long)(Validity.TotalSeconds * _time.TimestampFrequency));
            _gained.TrySetResult();
            Interlocked.Exchange(ref _answered, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
        else if (state.ActivePid is { } other)
        {
            throw new SlotIsAnothersException(
                $"The replication slot {_slot} is served by process {other}, not by our process {_walSenderPid}.");
        }
        else if (_gained.Task.IsCompleted)
        {
            throw new NpgsqlException(
                $"The replication slot {_slot} is not served by our process {_walSenderPid} any more.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _asking;
        await _connection.DisposeAsync();
        _stop.Dispose();
    }
}
