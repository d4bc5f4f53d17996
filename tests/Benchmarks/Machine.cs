using System.Globalization;
using Checkout.Servers;

namespace Checkout.Benchmarks;

/// <summary>What the machine was doing while something was measured; from /proc, so on Linux only.</summary>
internal static class Machine
{
    private const double TicksPerSecond = 100;
    private const int ParentField = 3;
    private const int UserTimeField = 13;
    private const int TimeFields = 4; // user, system, and those of the children that have ended

    public static string Now => string.Create(CultureInfo.InvariantCulture,
        $"{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC, {Environment.ProcessorCount} cores, load "
            + $"{File.ReadAllText("/proc/loadavg").Split(' ')[0]}");

    /// <summary>
    /// CPU time of a process, and of PostgreSQL's children, also of those that have ended; our own children are counted
    /// for themselves.
    /// </summary>
    public static double CpuSeconds(int pid)
    {
        if (pid == Environment.ProcessId) return Environment.CpuUsage.TotalTime.TotalSeconds;
        var processes = Directory.GetDirectories("/proc").Select(folder => Path.GetFileName(folder))
            .Where(name => name.All(char.IsAsciiDigit));
        return processes.Select(Stat).OfType<Process>().Where(p => p.Pid == pid || p.Parent == pid)
            .Sum(p => p.Ticks) / TicksPerSecond;
    }

    public static int PeakMemoryMiB(int pid) => int.Parse(
        File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
        .Split(' ')[^2], CultureInfo.InvariantCulture) / 1024;

    private static Process? Stat(string pid)
    {
        try
        {
            // The name, which may hold spaces, is in parentheses.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            string[] fields = ["", "", .. stat[(stat.LastIndexOf(')') + 2)..].Split(' ')];
            return new(int.Parse(pid, CultureInfo.InvariantCulture),
                int.Parse(fields[ParentField], CultureInfo.InvariantCulture),
                fields[UserTimeField..(UserTimeField + TimeFields)]
                .Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)));
        }
        catch (IOException)
        {
            return null; // It has just ended.
        }
    }

    private sealed record Process(int Pid, int Parent, long Ticks);
}

/// <summary>A folder for everything a run makes, removed at its end.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"checkout-benchmark-{Guid.NewGuid():N}");

    public Workspace() => Directory.CreateDirectory(_path);

    public string this[string name] => Path.Combine(_path, name);

    /// <summary>Where KAFKA_HOME names a release, that; else librdkafka's in-memory broker.</summary>
    public async Task<Broker> BrokerAsync(bool inMemory, CancellationToken cancel) =>
        !inMemory && KafkaHome.Find() is { } home
        ? await KafkaServer.StartAsync(new() { DataDirectory = this["kafka"], Home = home }, cancel)
        : InMemoryBroker.Start();

    public Task<PostgresServer> PostgresAsync(CancellationToken cancel) => PostgresServer.StartAsync(new()
    {
        DataDirectory = this["postgres"],
        // The moment of each commit, by the server's own word: the start of every latency.
        More = new Dictionary<string, string> { ["track_commit_timestamp"] = "on", ["max_wal_size"] = "4GB" },
        MaxSlotWalKeepSize = "-1",
    }, cancel);

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
