using System.Net.Http.Json;
using Checkout.Servers;

namespace Checkout.Fixtures;

/// <summary>
/// A TCP proxy that delays, throttles and cuts connections on demand. TOXIPROXY_HOME names its folder.
/// </summary>
public sealed class ToxiproxyServer : IAsyncDisposable
{
    private readonly ReleasedServer _server;
    private readonly HttpClient _http;

    private ToxiproxyServer(ReleasedServer server, int port)
    {
        _server = server;
        _http = new() { BaseAddress = new($"http://127.0.0.1:{port}") };
    }

    public static async Task<ToxiproxyServer> StartAsync()
    {
        var port = Ports.Free();
        return new(await ReleasedServer.StartAsync("toxiproxy", [port], new($"http://127.0.0.1:{port}/version")), port);
    }

    /// <summary>Puts a proxy before a port of this machine and returns the port that leads through it.</summary>
    public async Task<int> AddProxyAsync(string name, int upstreamPort)
    {
        var port = Ports.Free();
        await PostAsync("/proxies",
            new { name, listen = $"127.0.0.1:{port}", upstream = $"127.0.0.1:{upstreamPort}", enabled = true });
        return port;
    }

    /// <summary>Cuts all connections of a proxy and takes no new ones, or takes them again.</summary>
    public Task SetEnabledAsync(string proxy, bool enabled) => PostAsync($"/proxies/{proxy}", new { enabled });

    /// <summary>Answers come this much later.</summary>
    public Task DelayAsync(string proxy, TimeSpan latency) => PostAsync($"/proxies/{proxy}/toxics",
        new
        {
            name = "latency",
            type = "latency",
            stream = "downstream",
            attributes = new { latency = (int)latency.TotalMilliseconds }
        });

    /// <summary>Connections stay open, but nothing comes through: a network that swallows packets.</summary>
    public Task SilenceAsync(string proxy) => PostAsync($"/proxies/{proxy}/toxics",
        new { name = "timeout", type = "timeout", stream = "downstream", attributes = new { timeout = 0 } });

    public async Task RemoveAsync(string proxy, string toxic)
    {
        using var answer = await _http.DeleteAsync(new Uri($"/proxies/{proxy}/toxics/{toxic}", UriKind.Relative));
        answer.EnsureSuccessStatusCode();
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return _server.DisposeAsync();
    }

    private async Task PostAsync(string path, object body)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri(path, UriKind.Relative), body);
        answer.EnsureSuccessStatusCode();
    }
}
