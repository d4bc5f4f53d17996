using Checkout.Servers;

namespace Checkout.Fixtures;

/// <summary>Jaeger with its traces in memory. JAEGER_HOME names its folder.</summary>
public sealed class JaegerServer : IAsyncDisposable
{
    private readonly ReleasedServer _server;

    private JaegerServer(ReleasedServer server, int firstPort)
    {
        _server = server;
        QueryUrl = $"http://127.0.0.1:{firstPort}";
        OtlpGrpcUrl = $"http://127.0.0.1:{firstPort + 1}";
        OtlpHttpUrl = $"http://127.0.0.1:{firstPort + 2}";
    }

    /// <summary>Serves /api/services, /api/traces?service=... and /api/traces/ID.</summary>
    public string QueryUrl { get; }

    public string OtlpGrpcUrl { get; }

    public string OtlpHttpUrl { get; }

    public static async Task<JaegerServer> StartAsync()
    {
        var first = Ports.Free(3);
        return new(await ReleasedServer.StartAsync("jaeger", [first, first + 1, first + 2],
            new($"http://127.0.0.1:{first}/api/services")), first);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
