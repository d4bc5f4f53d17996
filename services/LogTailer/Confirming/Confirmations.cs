using NpgsqlTypes;

namespace Checkout.LogTailer.Confirming;

/// <summary>
/// Which log position may be confirmed: the end of the last transaction of which, and before which, every event is
/// acknowledged. Events get tickets in the order they are sent; acknowledgements come in any order over the partitions;
/// the confirmed position follows the contiguous prefix.
/// </summary>
public sealed class Confirmations
{
    private readonly Lock _lock = new();
    private readonly bool[] _acknowledged;
    // Where a transaction ended after the event with this ticket; 0/0 where none did.
    private readonly NpgsqlLogSequenceNumber[] _endAfter;
    private readonly int[] _bytes;
    private readonly long _maxBytes;
    private NpgsqlLogSequenceNumber _confirmable;
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _idle;
    private long _firstOutstanding;
    private long _next;
    private long _outstandingBytes;
    private bool _open;

    /// <param name="maxOutstanding">Tickets between the first unacknowledged and the last given; a power of
    /// two.</param>
    public Confirmations(int maxOutstanding, long maxBytes)
    {
        if (!int.IsPow2(maxOutstanding))
            throw new ArgumentException($"{maxOutstanding} is not a power of two.", nameof(maxOutstanding));
        _acknowledged = new bool[maxOutstanding];
        _endAfter = new NpgsqlLogSequenceNumber[maxOutstanding];
        _bytes = new int[maxOutstanding];
        _maxBytes = maxBytes;
    }

    /// <summary>The oldest ticket that is not acknowledged.</summary>
    public long? FirstOutstanding { get { lock (_lock) return _firstOutstanding < _next ? _firstOutstanding : null; } }

    public int Outstanding { get { lock (_lock) return (int)(_next - _firstOutstanding); } }

    /// <summary>
    /// Work begins whose end is not known yet: a transaction, or healing. Until <see cref="Committed"/> or <see
    /// cref="Closed"/> nothing counts as idle.
    /// </summary>
    public void Opened() { lock (_lock) _open = true; }

    public void Closed() { lock (_lock) _open = false; }

    /// <summary>A ticket for an event about to be sent; false when too much is outstanding.</summary>
    public bool TryIssue(int bytes, out long ticket)
    {
        lock (_lock)
        {
            ticket = _next;
            var outstanding = _next - _firstOutstanding;
            if (outstanding == _acknowledged.Length || (outstanding > 0 && _outstandingBytes + bytes > _maxBytes))
                return false;
            _bytes[Slot(_next++)] = bytes;
            _outstandingBytes += bytes;
            return true;
        }
    }

    /// <summary>Completes when half of the room is free again.</summary>
    public Task RoomAsync()
    {
        lock (_lock)
            return IsHalfFree
                ? Task.CompletedTask : (_room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <summary>Completes when nothing is outstanding.</summary>
    public Task IdleAsync()
    {
        lock (_lock)
            return _firstOutstanding == _next
                ? Task.CompletedTask : (_idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    private bool IsHalfFree =>
        _next - _firstOutstanding <= _acknowledged.Length / 2 && _outstandingBytes <= _maxBytes / 2;

    /// <summary>
    /// The open transaction ended at this log position; all its events have tickets, or were on the topic before.
    /// </summary>
    public void Committed(NpgsqlLogSequenceNumber end)
    {
        lock (_lock)
        {
            _open = false;
            if (_firstOutstanding == _next) _confirmable = Later(_confirmable, end);
            else _endAfter[Slot(_next - 1)] = end;
        }
    }

    /// <summary>True when a transaction became confirmable by this.</summary>
    public bool Acknowledge(long ticket)
    {
        lock (_lock)
        {
            _acknowledged[Slot(ticket)] = true;
            var advanced = Advance();
            if (_room is not null && IsHalfFree)
            {
                _room.SetResult();
                _room = null;
            }
            if (_idle is not null && _firstOutstanding == _next)
            {
                _idle.SetResult();
                _idle = null;
            }
            return advanced;
        }
    }

    /// <summary>
    /// The position to report. <paramref name="received"/> must have been read before this call: then, with nothing
    /// open and nothing outstanding here, everything up to it has been dealt with, and an idle database neither pins
    /// its log nor waits for us at its shutdown.
    /// </summary>
    public NpgsqlLogSequenceNumber Confirmable(NpgsqlLogSequenceNumber received)
    {
        lock (_lock)
            return !_open && _firstOutstanding == _next ? _confirmable = Later(_confirmable, received) : _confirmable;
    }

    private bool Advance()
    {
        var before = _confirmable;
        for (var i = Slot(_firstOutstanding); _firstOutstanding < _next && _acknowledged[i];
            i = Slot(++_firstOutstanding))
        {
            _confirmable = Later(_confirmable, _endAfter[i]);
            _outstandingBytes -= _bytes[i];
            _acknowledged[i] = false;
            _endAfter[i] = default;
        }
        return _confirmable > before;
    }

    private long Slot(long ticket) => ticket & (_acknowledged.Length - 1);

    private static NpgsqlLogSequenceNumber Later(NpgsqlLogSequenceNumber a, NpgsqlLogSequenceNumber b) => a > b ? a : b;
}
