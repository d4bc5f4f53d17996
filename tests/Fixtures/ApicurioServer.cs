using Checkout.Servers;

namespace Checkout.Fixtures;

/// <summary>
/// A registry as run in production, in memory where its environment says nothing else. APICURIO_HOME names its folder.
/// </summary>
public sealed class ApicurioServer : IAsyncDisposable
{
    private readonly ReleasedServer _server;

    private ApicurioServer(ReleasedServer server, int port)
    {
        _server = server;
        Url = $"http://127.0.0.1:{port}/apis/ccompat/v7";
    }

    /// <summary>The Confluent-compatible API.</summary>
    public string Url { get; }

    public static async Task<ApicurioServer> StartAsync(IReadOnlyDictionary<string, string?>? environment = null)
    {
        var port = Ports.Free();
        return new(await ReleasedServer.StartAsync("apicurio", [port],
            new($"http://127.0.0.1:{port}/apis/ccompat/v7/subjects"), environment), port);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
