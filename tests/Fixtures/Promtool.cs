using System.Diagnostics;

namespace Checkout.Fixtures;

/// <summary>Prometheus' own checker.</summary>
public static class Promtool
{
    public static string Missing =>
        "Prometheus is not on this machine: install it (Debian, Ubuntu: apt-get install prometheus).";

    /// <summary>Its exit code, and what it said on both outputs.</summary>
    /// <param name="input">Given to it on its input.</param>
    public static async Task<(int Code, string Said)> RunAsync(IEnumerable<string> arguments, string input = "")
    {
        var program = Find("promtool") ?? throw Prerequisite.Missing("prometheus", Missing);
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
