using System.Collections.Concurrent;
using System.Text.Json;
using Checkout.Fixtures;
using Checkout.Local;
using Checkout.Servers;
using Xunit;

namespace Checkout.EndToEnd.Interop;

/// <summary>
/// A record as others see it: read by kcat, decoded through the registry by Confluent's client for JavaScript
/// (tests/Interop).
/// </summary>
internal sealed record Decoded(string Key, IReadOnlyDictionary<string, string> Headers, JsonElement Value)
{
    private const string Pipe =
        """kcat -C -b "$1" -t "$2" -e -q -D '' -f '%k\t%h\t%S\t%s' | node decode.mjs "$3" "$2" """;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly string Folder = Path.Combine(Layout.Root, "tests", "Interop");

    /// <summary>Skips the test where they are missing and can't be had.</summary>
    public static async Task RequireToolsAsync()
    {
        foreach (
            var (program, where) in new[] { ("kcat", "Debian: apt-get install kcat; macOS: brew install kcat"),
                ("node", "nodejs.org"), ("npm", "nodejs.org") })
            if (!IsInPath(program)) throw Prerequisite.Missing(program, $"{program} is not installed ({where}).");
        if (Directory.Exists(Path.Combine(Folder, "node_modules", "@confluentinc", "schemaregistry"))) return;
        var (exitCode, lines) = await RunAsync("npm ci --ignore-scripts --no-audit --no-fund");
        if (exitCode != 0) throw Prerequisite.Missing("npm",
            $"npm ci could not install Confluent's client: {string.Join(' ', lines.TakeLast(3))}");
    }

    /// <summary>All of a topic, partition by partition in its order.</summary>
    public static async Task<IReadOnlyList<Decoded>> AllOfAsync(RunningSystem system, string topic)
    {
        var (exitCode, lines) = await RunAsync(Pipe, system.BootstrapServers, topic, system.SchemaRegistry);
        Assert.True(exitCode == 0, string.Join('\n', lines.TakeLast(20)));
        return lines.Select(line => JsonSerializer.Deserialize<Decoded>(line, Json)!).ToList();
    }

    private static async Task<(int ExitCode, IReadOnlyCollection<string> Lines)> RunAsync(string script,
        params string[] arguments)
    {
        var lines = new ConcurrentQueue<string>();
        await using var process = ChildProcess.Start(new()
        {
            Program = "/bin/sh",
            Arguments = ["-c", script, "sh", .. arguments],
            WorkingDirectory = Folder,
            OnLine = lines.Enqueue,
        });
        return (await process.Exited.WaitAsync(TestContext.Current.CancellationToken), lines);
    }

    private static bool IsInPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, program)));
}
