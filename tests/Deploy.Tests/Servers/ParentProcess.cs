using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Checkout.Servers;

namespace Checkout.Deploy.Tests.Servers;

/// <summary>This test program, run once more as the parent of two servers, so that a test can kill it.</summary>
internal sealed class ParentProcess : IAsyncDisposable
{
    private const string Switch = "CHECKOUT_TEST_PARENT_OF";
    private readonly Process _process;

    private ParentProcess(Process process, int[] children)
    {
        _process = process;
        Children = children;
    }

    public int[] Children { get; }

    public static async Task<ParentProcess> StartAsync(string script)
    {
        var info = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            info.ArgumentList.Add(typeof(ParentProcess).Assembly.Location);
        info.Environment[Switch] = script;
        var process = Process.Start(info)!;
        var children = (await process.StandardOutput.ReadLineAsync())!.Split(' ');
        return new(process, [.. children.Select(pid => int.Parse(pid, CultureInfo.InvariantCulture))]);
    }

    public Task KillAsync()
    {
        _process.Kill();
        return _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

#pragma warning disable CA2255 // The runner has its own Main; this runs before it, and only in the second process.
    [ModuleInitializer]
    internal static void BeTheParent()
    {
        if (Environment.GetEnvironmentVariable(Switch) is not { } script) return;
        var settings = new ChildSettings
        {
            Program = "/bin/sh",
            Arguments = ["-c", script],
            Grace = TimeSpan.FromSeconds(1)
        };
        var children = new[] { ChildProcess.Start(settings), ChildProcess.Start(settings) };
        Console.WriteLine(string.Join(' ', children.Select(child => child.Pid)));
        Thread.Sleep(Timeout.Infinite);
    }
#pragma warning restore CA2255
}
