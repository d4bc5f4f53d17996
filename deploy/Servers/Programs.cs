using System.Diagnostics;

namespace Checkout.Servers;

/// <summary>Finds programs, and runs those that end by themselves.</summary>
internal static class Programs
{
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    public static bool IsThere(string program) =>
        program.Contains('/', StringComparison.Ordinal) ? File.Exists(program) : Find(program) is not null;

    /// <summary>The first line of a program's output; empty where it failed.</summary>
    public static string Output(string program, params string[] arguments)
    {
        using var process =
            Process.Start(
                new ProcessStartInfo(program, arguments)
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true
                })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? text.Split('\n')[0].Trim() : "";
    }

    /// <summary>Runs a program to its end; a failure is thrown with what the program said.</summary>
    public static async Task RunAsync(ChildSettings settings, string whatFor, CancellationToken cancel)
    {
        await using var child = ChildProcess.Start(settings with { LogFile = null });
        var code = await child.Exited.WaitAsync(cancel);
        if (code != 0)
            throw new ServerFailedException($"{whatFor} failed: {Path.GetFileName(settings.Program)} ended with code "
                + $"{code} and said:\n{child.LastLines()}");
    }
}
