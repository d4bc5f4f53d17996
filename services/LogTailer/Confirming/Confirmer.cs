using Checkout.LogTailer.Source;

namespace Checkout.LogTailer.Confirming;

/// <summary>
/// Reports to PostgreSQL what is confirmable: at each advance, and now and then so that an idle database's log position
/// moves too.
/// </summary>
public sealed class Confirmer(ReplicationStream stream, Confirmations confirmations) : IDisposable
{
    /// <summary>
    /// Keepalives make no message (Npgsql 10 keeps them to itself), so the idle rule has to look. Also the longest that
    /// an idle tailer holds up a server's shutdown.
    /// </summary>
    public static readonly TimeSpan IdleInterval = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _signal = new(0);
    private int _signalled;

    /// <summary>Cheap: many calls before the next report make one.</summary>
    public void Signal()
    {
        if (Interlocked.Exchange(ref _signalled, 1) == 0) _signal.Release();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            await _signal.WaitAsync(IdleInterval, stop);
            Volatile.Write(ref _signalled, 0);
            await ReportAsync(stop);
        }
    }

    /// <summary>Never called by two at once.</summary>
    public Task ReportAsync(CancellationToken stop)
    {
        // The order matters: what was received is read first, then whether all that was received has been dealt with.
        var received = stream.Received;
        return stream.ReportAsync(confirmations.Confirmable(received), stop);
    }

    public void Dispose() => _signal.Dispose();
}
