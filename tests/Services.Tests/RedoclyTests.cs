using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>The documents by the rules of a tool that others check them with (tests/OpenApi).</summary>
public sealed class RedoclyTests
{
    private static readonly string Folder = Path.GetFullPath(Path.Combine(Here(), "..", "OpenApi"));
    private static readonly string Program = Path.Combine("node_modules", "@redocly", "cli", "bin", "cli.js");

    [Fact]
    public async Task Redoclys_recommended_rules_find_no_error_and_no_warning()
    {
        await RequireAsync();
        var (exitCode, lines) = await RunAsync("node", [Program, "lint", "--config", "redocly.yaml",
            "--format", "stylish", .. new[] { "store", "balance", "inventory", "observer" }
                .Select(service => $"../../contracts/openapi/{service}.json")]);
        var said = string.Join('\n', lines);
        Assert.True(exitCode == 0 && said.Contains("Your API descriptions are valid", StringComparison.Ordinal)
            && !said.Contains("warning  ", StringComparison.Ordinal), said);
    }

    /// <summary>Skips the test where they are missing and can't be had.</summary>
    private static async Task RequireAsync()
    {
        foreach (var program in new[] { "node", "npm" })
            if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
                .Any(folder => File.Exists(Path.Combine(folder, program))))
                throw Prerequisite.Missing(program, $"{program} is not installed (nodejs.org).");
        if (File.Exists(Path.Combine(Folder, Program))) return;
        var (exitCode, lines) = await RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        if (exitCode != 0) throw Prerequisite.Missing("npm",
            $"npm ci could not install Redocly: {string.Join(' ', lines.TakeLast(3))}");
    }

    private static async Task<(int ExitCode, IReadOnlyCollection<string> Lines)> RunAsync(string program,
        IReadOnlyList<string> arguments)
    {
        var lines = new ConcurrentQueue<string>();
        await using var process = ChildProcess.Start(new()
        {
            Program = program,
            Arguments = [.. arguments],
            WorkingDirectory = Folder,
            Environment = new Dictionary<string, string?>
            {
                ["REDOCLY_TELEMETRY"] = "off",
                ["REDOCLY_SUPPRESS_UPDATE_NOTICE"] = "true",
                ["NO_COLOR"] = "1",
            },
            OnLine = lines.Enqueue,
        });
        return (await process.Exited.WaitAsync(TestContext.Current.CancellationToken), lines);
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
