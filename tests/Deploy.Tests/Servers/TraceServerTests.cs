using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

public sealed class TraceServerTests : IDisposable
{
    private readonly TestFolder _folder = new("traces");

    public void Dispose() => _folder.Dispose();

    /// <summary>Another version, of which this one's flags are not known.</summary>
    [Fact]
    public async Task A_Jaeger_that_does_not_start_is_told_with_what_it_said_and_is_not_waited_for()
    {
        var failed = await Assert.ThrowsAsync<ServerFailedException>(() => StartAsync("""
            #!/bin/sh
            echo 'unknown flag: --memory.max-traces'
            exit 1
            """));
        Assert.Contains("Jaeger did not start on port ", failed.Message, StringComparison.Ordinal);
        Assert.EndsWith("unknown flag: --memory.max-traces", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task A_file_that_is_no_program_is_told_too() =>
        Assert.ThrowsAsync<ServerFailedException>(() => StartAsync("nothing", mode: UnixFileMode.UserRead));

    private async Task StartAsync(string script,
        UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserExecute)
    {
        var program = _folder["jaeger-all-in-one"];
        await File.WriteAllTextAsync(program, script, TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, mode);
        var port = Ports.Free(2);
        await using var server = await TraceServer.StartAsync(program, port, port + 1, _folder["jaeger.log"],
            TestContext.Current.CancellationToken);
    }
}
