using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.EndToEnd.Traces;

/// <summary>
/// A system that exports to a released Jaeger; it starts at its first use, so that a test can be skipped where there is
/// none.
/// </summary>
public sealed class TracedSystem : IAsyncLifetime
{
    private readonly TestFolder _folder = new("traces");
    private JaegerServer? _server;
    private Jaeger? _jaeger;
    private TestSystem? _system;

    internal async Task<(TestSystem System, Jaeger Jaeger)> StartedAsync()
    {
        _server ??= await JaegerServer.StartAsync();
        _jaeger ??= new(_server.QueryUrl);
        _system ??= await TestSystem.StartAsync("traces", TestSystem.Options(_folder) with
        {
            Environment = new Dictionary<string, string?> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _server.OtlpGrpcUrl },
        });
        return (_system, _jaeger);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_system is not null) await _system.DisposeAsync();
        _jaeger?.Dispose();
        if (_server is not null) await _server.DisposeAsync();
        _folder.Dispose();
    }
}
