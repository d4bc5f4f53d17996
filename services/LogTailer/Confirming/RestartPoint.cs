using Checkout.LogTailer.Source;
using Npgsql;

namespace Checkout.LogTailer.Confirming;

/// <summary>
/// PostgreSQL removes log only up to a slot's restart point, and moves that only at a record of the running
/// transactions, which it writes every 15 s or at a checkpoint: an idle database beside one that writes 50 MB/s keeps
/// 750 MB, all of it confirmed (seen, PostgreSQL 15.18). Making a logical slot writes such a record at once, so where
/// much is kept that is confirmed, a temporary one is made and dropped.
/// </summary>
public sealed class RestartPoint(Slot slot, TimeProvider time)
{
    public const long WorthMovingBytes = 8 << 20;
    /// <summary>
    /// A transaction that was open at a record holds the point at the record before it, so one is not enough; a
    /// transaction left open holds it where it began, whatever is tried, and then only PostgreSQL's own records are
    /// waited for.
    /// </summary>
    private const int MaxInVain = 8;
    private static readonly TimeSpan PauseInVain = TimeSpan.FromSeconds(15);

    private Task _moving = Task.CompletedTask;
    private long _movedAt;
    private long _spareBytes;
    private int _inVain;

    /// <summary>Called at each answer about the slot, by one at a time.</summary>
    public void Seen(SlotState state)
    {
        _inVain = state.SpareBytes < _spareBytes ? 0 : _inVain;
        _spareBytes = state.SpareBytes;
        if (state.SpareBytes < WorthMovingBytes || !_moving.IsCompleted) return;
        if (_inVain >= MaxInVain && time.GetElapsedTime(_movedAt) < PauseInVain) return;
        _movedAt = time.GetTimestamp();
        _inVain++;
        _moving = MoveAsync();
    }

    private async Task MoveAsync()
    {
        try
        {
            await slot.NoteRunningTransactionsAsync(CancellationToken.None);
        }
        catch (NpgsqlException)
        {
            // No slot to spare, an open transaction, or the server is away: PostgreSQL's own record comes in time.
        }
    }
}
