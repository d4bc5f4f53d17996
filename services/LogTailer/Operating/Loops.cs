namespace Checkout.LogTailer.Operating;

/// <summary>
/// The loops of a session. They end together and for one reason: the first fault, whichever loop it is of. What the
/// others say afterwards follows from that.
/// </summary>
/// <param name="ending">Called with the first fault, by whoever met it, before the loops are cancelled.</param>
/// <param name="stop">A clean end: what it cancels is no fault.</param>
public sealed class Loops(Action ending, CancellationToken stop) : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly TaskCompletionSource _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly List<Task> _running = [];

    /// <summary>Faults with the first fault.</summary>
    public Task Fault => _fault.Task;

    public CancellationToken Cancelled => _cancel.Token;

    /// <summary>Completes when the loop has ended, for whatever reason.</summary>
    public Task Run(Func<CancellationToken, Task> loop)
    {
        var running = RunAsync(loop);
        lock (_lock) _running.Add(running);
        return running;
    }

    /// <summary>For a fault that no loop of ours has met, such as a producer's report.</summary>
    public void Fail(Exception reason)
    {
        if (!_fault.TrySetException(reason)) return;
        // Observed also where a clean end has come before it.
        _ = _fault.Task.Exception;
        ending();
        _ = _cancel.CancelAsync();
    }

    /// <summary>Cancels all and waits for them; one that does not end in time is left to itself.</summary>
    public async Task EndAsync(TimeSpan atMost)
    {
        await _cancel.CancelAsync();
        Task[] running;
        lock (_lock) running = [.. _running];
        await Task.WhenAny(Task.WhenAll(running), Task.Delay(atMost, CancellationToken.None));
    }

    private async Task RunAsync(Func<CancellationToken, Task> loop)
    {
        try
        {
            await loop(_cancel.Token);
        }
        catch (Exception) when (_cancel.IsCancellationRequested)
        {
            // The reason is known.
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    public void Dispose() => _cancel.Dispose();
}
