namespace Checkout.LogTailer;

/// <summary>
/// Reports to PostgreSQL what is confirmable: at each advance, and now and then so that an idle database's log position
/// moves too.
/// </summary>
public sealed class Confirmer(ReplicationReader reader, Confirmations confirmations, Action<Exception> failed)
    : IDisposable
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
        try
        {
            while (true)
            {
                await _signal.WaitAsync(IdleInterval, stop);
                Volatile.Write(ref _signalled, 0);
                await ReportAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception e) when (ReplicationReader.IsConnectionTrouble(e) || e is OperationCanceledException)
        {
            failed(e);
        }
    }

    public Task ReportAsync(CancellationToken stop)
    {
        // The order matters: what was received is read first, then whether all that was received has been dealt with.
        var received = reader.Received;
        return reader.ReportAsync(confirmations.Confirmable(received), stop);
    }

    public void Dispose() => _signal.Dispose();
}
