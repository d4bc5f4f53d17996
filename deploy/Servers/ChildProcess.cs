using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Checkout.Servers;

/// <summary>
/// A program that cannot outlive us, even if we are killed with SIGKILL. It is started by a shell that leaves a watcher
/// behind and then becomes the program (exec), so that <see cref="Pid"/> is the program's own. The watcher reads a pipe
/// of which only we hold the other end: its end of file says that we are gone. PR_SET_PDEATHSIG would do the same until
/// the thread that started the program ends; in .NET that may be a thread of the pool.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int RememberedLines = 50;
    private const string Gone = "gone";

    // $1 stop signal, $2 grace in tenths of a second, $3 log file or nothing, then the program.
    // The watcher is forked twice: as a child of the program it would be a process the program does not know, and
    // PostgreSQL takes the death of such a one for a crash. In a container whose first process reaps nobody, a program
    // that has ended stays as a zombie, which is not there for us. Ending by itself, the program's pid may be given to
    // another: then we write a line, and the watcher signals nobody. The last kill goes to all of the program's
    // session; its number can't be another's while the watcher is in it.
    private const string Script = """
        stop=$1 tenths=$2 log=$3; shift 3
        exec 3<&0 </dev/null
        (there() { kill -s 0 $$ && ! grep -q '^State:[[:space:]]*Z' /proc/$$/status; }
        watch() {
            trap '' HUP INT TERM
            if read -r line <&3; then exit 0; fi
            kill -s "$stop" $$ || exit 0
            kill -s CONT $$
            while there && [ "$tenths" -gt 0 ]; do sleep 0.1; tenths=$((tenths - 1)); done
            kill -s KILL $$
            kill -s KILL -- -$$
        }
        watch >/dev/null 2>&1 &)
        exec 3<&-
        if [ -n "$log" ]; then exec >>"$log" 2>&1; fi
        exec "$@"
        """;

    private readonly Process _process;
    private readonly ChildSettings _settings;
    private readonly ConcurrentQueue<string> _lines = new();

    private ChildProcess(Process process, ChildSettings settings)
    {
        _process = process;
        _settings = settings;
        Pid = process.Id;
        ReadLines();
        Exited = WatchExitAsync();
    }

    public int Pid { get; }

    /// <summary>Ends with the exit code when the program has ended; 128 + n says that signal n ended it.</summary>
    public Task<int> Exited { get; }

    public bool HasExited => Exited.IsCompleted;

    public int ExitCode => Exited.IsCompletedSuccessfully
        ? Exited.Result
        : throw new InvalidOperationException($"{_settings.Program} (process {Pid}) has not ended yet.");

    public static ChildProcess Start(ChildSettings settings)
    {
        if (OperatingSystem.IsWindows())
            throw new ServerMissingException(
                "Servers can be run as child processes on Linux and macOS only: on Windows use WSL, or give the "
                    + "addresses of servers that run already.");
        if (!Programs.IsThere(settings.Program))
            throw new ServerMissingException(
                $"The program {settings.Program} is not there: install it, or put its folder into PATH.");
        return new(Process.Start(StartInfo(settings))!, settings);
    }

    /// <summary>Asks the program to end, and kills it when it has not by the end of the grace time.</summary>
    public async Task<int> StopAsync(TimeSpan? grace = null)
    {
        Signal(_settings.StopSignal);
        Signal("CONT");
        try
        {
            return await Exited.WaitAsync(grace ?? _settings.Grace);
        }
        catch (TimeoutException)
        {
            Kill();
            return await Exited;
        }
    }

    /// <summary>SIGKILL, as a crash or a power cut.</summary>
    public void Kill() => Signal("KILL");

    /// <summary>STOP freezes the program, CONT wakes it, TERM asks it to end. False if it has ended already.</summary>
    public bool Signal(string name) => !HasExited && Unix.Send(Pid, name);

    /// <summary>The end of what the program wrote, for error messages.</summary>
    public string LastLines(int count = 15) => string.Join('\n', RememberedOutput().TakeLast(count));

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }

    private IEnumerable<string> RememberedOutput() =>
        _settings.LogFile is { } file && File.Exists(file) ? File.ReadLines(file) : _lines;

    private static ProcessStartInfo StartInfo(ChildSettings settings)
    {
        string[] shell = ["/bin/sh", "-c", Script, "sh", settings.StopSignal, Tenths(settings.Grace),
            settings.LogFile ?? ""];
        string[] words = [.. OwnSession(), .. shell, .. AsUser(settings.RunAs), settings.Program,
            .. settings.Arguments];
        var info = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = settings.LogFile is null,
            RedirectStandardError = settings.LogFile is null,
            WorkingDirectory = settings.WorkingDirectory ?? "",
        };
        foreach (var (name, value) in settings.Environment)
            info.Environment[name] = value;
        return info;
    }

    /// <summary>
    /// In a session of its own a terminal's Ctrl+C does not reach the program: we stop our servers in order. macOS has
    /// no setsid(1).
    /// </summary>
    private static string[] OwnSession() => Programs.Find("setsid") is { } setsid ? [setsid] : [];

    private static string[] AsUser(string? user)
    {
        if (user is null) return [];
        var setpriv = Programs.Find("setpriv")
            ?? throw new ServerMissingException(
                $"To run a server as the user {user}, setpriv is needed: install util-linux.");
        return [setpriv, "--reuid", user, "--regid", Programs.Output("id", "-g", user), "--init-groups", "--"];
    }

    private static string Tenths(TimeSpan time) =>
        ((int)(time.TotalMilliseconds / 100)).ToString(CultureInfo.InvariantCulture);

    private void ReadLines()
    {
        if (_settings.LogFile is not null) return;
        _process.OutputDataReceived += (_, e) => Remember(e.Data);
        _process.ErrorDataReceived += (_, e) => Remember(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Remember(string? line)
    {
        if (line is null) return;
        _lines.Enqueue(line);
        if (_lines.Count > RememberedLines) _lines.TryDequeue(out _);
        _settings.OnLine?.Invoke(line);
    }

    private async Task<int> WatchExitAsync()
    {
        var exited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.Exited += (_, _) => exited.TrySetResult();
        _process.EnableRaisingEvents = true;
        await exited.Task;
        DismissWatcher();
        // What the program left behind in its session ends with it. Without setsid there is no such group, and nothing
        // happens.
        Unix.Send(-Pid, "KILL");
        // The outputs are read to their end, unless a grandchild keeps them open.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException) { }
        return _process.ExitCode;
    }

    private void DismissWatcher()
    {
        try
        {
            _process.StandardInput.WriteLine(Gone);
            _process.StandardInput.Close();
        }
        catch (IOException) { } // The watcher was killed with the program's group: there is nobody to tell.
    }
}
