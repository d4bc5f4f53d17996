using System.Globalization;
using Checkout.Servers;

namespace Checkout.Fixtures;

/// <summary>
/// A released server that only tests use, run by the script `start` in the folder that an environment variable names.
/// </summary>
public sealed class ReleasedServer : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(3);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly ChildProcess _process;

    private ReleasedServer(ChildProcess process) => _process = process;

    /// <summary>Skips the test where the variable is not set; returns when the address answers.</summary>
    internal static async Task<ReleasedServer> StartAsync(string name, int[] ports, Uri answersAt,
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        var variable = name.ToUpperInvariant() + "_HOME";
        var home = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(home))
            throw Prerequisite.Missing(name, $"{variable} does not name a folder with a released {name}.");
        var server = new ReleasedServer(ChildProcess.Start(new()
        {
            Program = Path.Combine(home, "start"),
            Arguments = [.. ports.Select(port => port.ToString(CultureInfo.InvariantCulture))],
            Environment = environment ?? new Dictionary<string, string?>(),
        }));
        try
        {
            await Eventually.Until(() => server.AnswersAsync(answersAt), $"{name} answers at {answersAt}",
                StartDeadline);
            TestLog.Say($"{name} at {answersAt.GetLeftPart(UriPartial.Authority)}");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// They keep nothing, so nothing is lost by killing them; Jaeger takes 10 s to stop (seen, 1.76.0).
    /// </summary>
    public ValueTask DisposeAsync()
    {
        _process.Kill();
        return _process.DisposeAsync();
    }

    private async Task<bool> AnswersAsync(Uri address)
    {
        if (_process.HasExited) throw new ServerFailedException(
            $"It ended with code {_process.ExitCode} and said:\n{_process.LastLines()}");
        try
        {
            using var answer = await Http.GetAsync(address);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
