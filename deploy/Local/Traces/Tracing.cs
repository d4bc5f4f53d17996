using Checkout.Servers;

namespace Checkout.Local.Traces;

/// <summary>What becomes of the spans of a local system.</summary>
public enum TracesWanted
{
    /// <summary>A Jaeger keeps them where one is found, else this program.</summary>
    Auto,

    /// <summary>This program keeps them, also where a Jaeger is found.</summary>
    Text,

    /// <summary>None are made. So it is for tests and measurements.</summary>
    Off,
}

/// <summary>
/// Where the processes of a local system export their spans to: to whom the operator named by OpenTelemetry's
/// variables, else to a Jaeger that is started for it, else to this program.
/// </summary>
internal sealed class Tracing : IAsyncDisposable
{
    private readonly IAsyncDisposable? _server;

    private Tracing(IReadOnlyDictionary<string, string?> environment, KeptTraces? kept, IAsyncDisposable? server) =>
        (Environment, Kept, _server) = (environment, kept, server);

    /// <summary>What the processes are given.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; }

    /// <summary>Null where none are kept here.</summary>
    public KeptTraces? Kept { get; }

    public static async Task<Tracing> StartAsync(LocalOptions options, LocalPorts ports, string logs,
        Action<string> say, CancellationToken cancellation)
    {
        if (options.Traces == TracesWanted.Off || IsSaid(options.Environment))
            return new(new Dictionary<string, string?>(), kept: null, server: null);
        if (options.Traces == TracesWanted.Auto && JaegerHome.Find() is { } program)
        {
            try
            {
                var server = await TraceServer.StartAsync(program, ports.Take(Listener.Jaeger),
                    ports.Take(Listener.TraceCollector), Path.Combine(logs, "jaeger.log"), cancellation);
                say($"Jaeger at {server.Url}/, its traces in memory");
                return new(To(server.OtlpUrl, "grpc", null), new(server.Url, null), server);
            }
            catch (ServerFailedException e)
            {
                say($"{e.Message}\nWithout it, traces are printed by the command trace.");
            }
        }
        var keeper = await SpanKeeper.StartAsync(ports.Take(Listener.TraceCollector));
        return new(To(keeper.Url, "http/protobuf", $"{LoopbackApp.TokenHeader}={keeper.Token}"),
            new(keeper.Url, keeper.Token), keeper);
    }

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Whether somebody said where spans go, or that they go nowhere.</summary>
    private static bool IsSaid(IReadOnlyDictionary<string, string?> given) => new[]
    {
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER",
        "OTEL_SDK_DISABLED",
    }.Any(name => !string.IsNullOrWhiteSpace(given.TryGetValue(name, out var value) ? value
        : System.Environment.GetEnvironmentVariable(name)));

    private static Dictionary<string, string?> To(string url, string protocol, string? headers) => new()
    {
        ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = protocol == "grpc" ? url : $"{url}/v1/traces",
        ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = protocol,
        ["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] = headers,
        // Who looks, looks soon.
        ["OTEL_BSP_SCHEDULE_DELAY"] = System.Environment.GetEnvironmentVariable("OTEL_BSP_SCHEDULE_DELAY") ?? "500",
    };
}
