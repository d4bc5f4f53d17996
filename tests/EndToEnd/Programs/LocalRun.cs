using System.Collections.Concurrent;
using Checkout.Fixtures;
using Checkout.Local;
using Checkout.Servers;

namespace Checkout.EndToEnd.Programs;

/// <summary>
/// deploy/Local as its user runs it: a process, of which only the output, the exit code and the other processes are
/// seen.
/// </summary>
internal sealed class LocalRun : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(120);

    private readonly ChildProcess _process;
    private readonly ConcurrentQueue<string> _lines;
    private readonly string _folder;

    private LocalRun(ChildProcess process, ConcurrentQueue<string> lines, string folder) =>
        (_process, _lines, _folder) = (process, lines, folder);

    public int Pid => _process.Pid;

    public Task<int> Exited => _process.Exited;

    public string Output => string.Join('\n', _lines);

    public static LocalRun Start(string folder, params string[] arguments) =>
        Start(folder, arguments, typeof(LocalSystem).Assembly.Location);

    /// <param name="program">Where it was built.</param>
    public static LocalRun Start(string folder, string[] arguments, string program,
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        var lines = new ConcurrentQueue<string>();
        var process = ChildProcess.Start(new()
        {
            // What a shell starts in the background ignores SIGINT, and so do all its children: this one must not,
            // wherever the tests run.
            Program = OperatingSystem.IsLinux() ? "env" : Layout.Dotnet,
            Arguments = [.. OperatingSystem.IsLinux() ? ["--default-signal=INT", Layout.Dotnet] : Array.Empty<string>(),
                program, .. arguments, "--folder", folder, "--no-install"],
            Environment = new Dictionary<string, string?>(environment ?? new Dictionary<string, string?>())
            {
                ["BootstrapServers"] = null,
                ["SchemaRegistryUrl"] = null,
                // A company's proxy, which is not to be asked for what is on this machine; nobody is there.
                ["http_proxy"] = "http://127.0.0.1:9",
            },
            OnLine = lines.Enqueue,
        });
        return new(process, lines, folder);
    }

    public bool Signal(string name) => _process.Signal(name);

    public void Kill() => _process.Kill();

    public async Task<RunningSystem> RunningAsync()
    {
        await Eventually.Until(() => _process.HasExited
            || Output.Contains("logtailer: Ready", StringComparison.Ordinal), $"the system in {_folder} is up",
            StartDeadline);
        var running = RunningSystem.Read(_folder) ?? throw new InvalidOperationException($"It is not up:\n{Output}");
        Http.Answer.Knows(running.Tokens(), running.Store, running.Balance, running.Inventory);
        return running;
    }

    public Task SaysAsync(string words) =>
        Eventually.Until(() => Output.Contains(words, StringComparison.Ordinal),
            $"it says '{words}'; it said:\n{Output}", StartDeadline);

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
