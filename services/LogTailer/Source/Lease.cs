using Npgsql;

namespace Checkout.LogTailer.Source;

/// <summary>
/// The right to produce: PostgreSQL has said within the last second that the slot is ours. A tailer that was frozen
/// wakes with a stale answer, and so asks before it sends anything. Time is the monotonic clock's, counted from before
/// the question.
/// </summary>
public sealed class Lease(NpgsqlConnection connection, Slot slot, int walSenderPid, TimeProvider time)
    : IAsyncDisposable
{
    public static readonly TimeSpan Validity = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan QuestionInterval = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan QuestionTimeout = TimeSpan.FromSeconds(3);

    private readonly TaskCompletionSource _gained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _validUntil = long.MinValue;

    public bool IsFresh => time.GetTimestamp() < Volatile.Read(ref _validUntil);

    /// <summary>Completes when the slot is ours for the first time.</summary>
    public Task Gained => _gained.Task;

    public async Task FreshAsync(CancellationToken stop)
    {
        while (true)
        {
            var next = Volatile.Read(ref _answered).Task;
            if (IsFresh) return;
            await next.WaitAsync(stop);
        }
    }

    /// <summary>Asks until it is stopped, or the slot is not ours any more, or can't be asked about.</summary>
    /// <param name="seen">Gets each answer.</param>
    public async Task AskAsync(Action<SlotState> seen, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                seen(await AskOnceAsync(stop));
                await Task.Delay(QuestionInterval, time, stop);
            }
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"PostgreSQL did not say within {QuestionTimeout.TotalSeconds} s whose slot {slot.Name} is.", e);
        }
        finally
        {
            // Also after 57P01, when the server stops: a walsender waits there for confirmations that a broker outage
            // may hold up for ever, so the session ends.
            Volatile.Write(ref _validUntil, long.MinValue);
        }
    }

    private async Task<SlotState> AskOnceAsync(CancellationToken stop)
    {
        var asked = time.GetTimestamp();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(QuestionTimeout);
        var state = await slot.StateAsync(connection, timeout.Token)
            ?? throw new SlotLostException($"The replication slot {slot.Name} is gone.");
        if (state.ActivePid == walSenderPid)
        {
            Volatile.Write(ref _validUntil, asked + (long)(Validity.TotalSeconds * time.TimestampFrequency));
            _gained.TrySetResult();
            Interlocked.Exchange(ref _answered, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
        else if (state.ActivePid is { } other)
        {
            throw new SlotIsAnothersException(
                $"The replication slot {slot.Name} is served by process {other}, not by our process {walSenderPid}.");
        }
        else if (_gained.Task.IsCompleted)
        {
            throw new NpgsqlException(
                $"The replication slot {slot.Name} is not served by our process {walSenderPid} any more.");
        }
        return state;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
