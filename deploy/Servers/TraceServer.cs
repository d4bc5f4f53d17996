using System.Globalization;

namespace Checkout.Servers;

/// <summary>A Jaeger of this machine, with its traces in memory: what it was told ends with it.</summary>
public sealed class TraceServer : IAsyncDisposable
{
    private const int MaxTraces = 50_000;

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly ChildProcess _process;

    private TraceServer(ChildProcess process, int queryPort, int otlpPort) => (_process, Url, OtlpUrl) =
        (process, $"http://127.0.0.1:{queryPort}", $"http://127.0.0.1:{otlpPort}");

    /// <summary>Its page, and below it /api/traces/ID.</summary>
    public string Url { get; }

    /// <summary>OTLP over gRPC.</summary>
    public string OtlpUrl { get; }

    /// <summary>Returns when it answers.</summary>
    /// <param name="program">Of <see cref="JaegerHome"/>.</param>
    /// <exception cref="ServerFailedException">It does not start; with what it said.</exception>
    public static async Task<TraceServer> StartAsync(string program, int queryPort, int otlpPort, string logFile,
        CancellationToken cancellation)
    {
        var server = new TraceServer(ChildProcess.Start(new()
        {
            Program = program,
            Arguments =
            [
                "--log-level", "warn", "--memory.max-traces", Text(MaxTraces),
                "--query.http-server.host-port", $"127.0.0.1:{queryPort}",
                "--query.grpc-server.host-port", "127.0.0.1:0", "--admin.http.host-port", "127.0.0.1:0",
                "--collector.otlp.grpc.host-port", $"127.0.0.1:{otlpPort}",
                "--collector.otlp.http.host-port", "127.0.0.1:0",
                "--collector.http-server.host-port", "127.0.0.1:0",
                "--collector.grpc-server.host-port", "127.0.0.1:0",
            ],
            LogFile = logFile,
        }), queryPort, otlpPort);
        try
        {
            await server.AnswersAsync(logFile, cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>It keeps nothing, so nothing is lost by killing it; it takes 10 s to stop (seen, 1.76.0).</summary>
    public ValueTask DisposeAsync()
    {
        _process.Kill();
        return _process.DisposeAsync();
    }

    private async Task AnswersAsync(string logFile, CancellationToken cancellation)
    {
        using var http = new HttpClient();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(StartDeadline);
        while (!_process.HasExited && !deadline.IsCancellationRequested)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri($"{Url}/api/services"), deadline.Token);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // Not yet.
            }
            await Task.WhenAny(Task.Delay(PollInterval, deadline.Token), _process.Exited);
        }
        cancellation.ThrowIfCancellationRequested();
        throw new ServerFailedException(
            $"Jaeger did not start on port {new Uri(Url).Port}. The end of {logFile}:\n{_process.LastLines()}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
