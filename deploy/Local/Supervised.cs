using System.Net.Sockets;
using Checkout.Servers;

namespace Checkout.Local;

public enum ProcessState
{
    Stopped,
    Starting,
    Ready,
    Down,
}

/// <summary>One process of the system: started, watched, and started again when it dies by itself.</summary>
public sealed class Supervised(string name, string url, ChildSettings settings, Action<string> say) : IAsyncDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollReady = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LivesLong = TimeSpan.FromSeconds(10);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };

    private readonly SemaphoreSlim _gate = new(1, 1);
    private ChildProcess? _process;
    private CancellationTokenSource _wanted = new();
    private Task _watching = Task.CompletedTask;

    public string Name => name;
    public string Url => url;
    public string LogFile => settings.LogFile!;
    public int? Pid => _process is { HasExited: false } running ? running.Pid : null;

    /// <summary>Added to its environment from its next start on.</summary>
    public IReadOnlyDictionary<string, string?> More { get; set; } = new Dictionary<string, string?>();

    /// <summary>How often it died and was started again.</summary>
    public int Restarts { get; private set; }

    public ProcessState State { get; private set; } = ProcessState.Stopped;

    public async Task StartAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (State != ProcessState.Stopped) return;
            _wanted = new();
            State = ProcessState.Starting;
            _watching = WatchAsync(_wanted.Token);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Asks it to end and leaves it so, until it is started.</summary>
    public Task StopAsync() => EndAsync(process => process.StopAsync());

    /// <summary>SIGKILL, after which it stays dead until it is started.</summary>
    public Task KillForGoodAsync() => EndAsync(process =>
    {
        process.Kill();
        return process.Exited;
    });

    private async Task EndAsync(Func<ChildProcess, Task<int>> end)
    {
        await _gate.WaitAsync();
        try
        {
            await _wanted.CancelAsync();
            if (_process is { } process) await end(process);
            await _watching;
            State = ProcessState.Stopped;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>SIGKILL; it is then started again as after any death.</summary>
    public void Kill() => _process?.Kill();

    /// <summary>STOP freezes it, CONT wakes it.</summary>
    public void Signal(string signal) => _process?.Signal(signal);

    /// <summary>Waits until it says it is ready.</summary>
    public async Task ReadyAsync(CancellationToken cancellation)
    {
        while (State != ProcessState.Ready)
            await Task.Delay(PollReady, cancellation);
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task WatchAsync(CancellationToken wanted)
    {
        var delay = FirstDelay;
        while (!wanted.IsCancellationRequested)
        {
            var started = DateTime.UtcNow;
            var process = _process = ChildProcess.Start(settings with
            {
                Environment = More.UnionBy(settings.Environment, variable => variable.Key).ToDictionary(),
            });
            State = ProcessState.Starting;
            var ready = BecomesReadyAsync(process, wanted);
            var exitCode = await process.Exited;
            await ready;
            if (wanted.IsCancellationRequested) return;
            State = ProcessState.Down;
            Restarts++;
            delay = DateTime.UtcNow - started > LivesLong ? FirstDelay : delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
            say($"{name} ended with exit code {exitCode} and is started again{Explanation(process, exitCode)}");
            try
            {
                await Task.Delay(delay, wanted);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>A process that ends with 2 has said on its last lines which setting is wrong.</summary>
    private string Explanation(ChildProcess process, int exitCode) =>
        exitCode is 1 or 2
        ? $": {process.LastLines(3)} (more in {LogFile})"
        : $"; its log is {LogFile}";

    private async Task BecomesReadyAsync(ChildProcess process, CancellationToken wanted)
    {
        while (!process.HasExited && !wanted.IsCancellationRequested)
        {
            if (await IsReadyAsync())
            {
                State = ProcessState.Ready;
                return;
            }
            await Task.WhenAny(Task.Delay(PollReady, wanted), process.Exited);
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Http.GetAsync($"{url}/health/ready");
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
