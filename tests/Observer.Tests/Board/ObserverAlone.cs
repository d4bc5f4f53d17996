using System.Collections.Concurrent;
using Checkout.Fixtures;
using Checkout.Observer.Board;
using Checkout.Servers;
using Xunit;

namespace Checkout.Observer.Tests.Board;

/// <summary>The Observer as its own process, as operators run it, and nothing that it needs is there.</summary>
public sealed class ObserverAlone : IAsyncLifetime
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
    private readonly ConcurrentQueue<string> _said = [];
    private readonly string _url = $"http://127.0.0.1:{Ports.Free()}";
    private ChildProcess? _process;

    public string Host => new Uri(_url).Authority;

    public async ValueTask InitializeAsync()
    {
        _process = ChildProcess.Start(new()
        {
            Program = "dotnet",
            Arguments = [typeof(BoardApi).Assembly.Location, "--urls", _url],
            Environment = new Dictionary<string, string?>(TestIdentity.Settings)
            {
                ["Database__ConnectionString"] = "Host=127.0.0.1;Port=1;Database=observer;Username=observer",
                ["Kafka__BootstrapServers"] = "127.0.0.1:1",
                ["Registry__Url"] = "http://127.0.0.1:1",
            },
            // In the folder of the tests lies one appsettings.json of several programs.
            WorkingDirectory = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "empty")).FullName,
            OnLine = _said.Enqueue,
        });
        await Eventually.Until(async () =>
        {
            Assert.False(_process.HasExited, string.Join('\n', _said));
            try
            {
                return (await SendAsync(HttpMethod.Get, "/health/live")).Status == 200;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, "it serves");
    }

    public Task<Answered> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, path, null, headers);

    public Task<Answered> PostAsync(string path, HttpContent? body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, body, headers);

    public async Task<Answered> SendAsync(HttpMethod method, string path, HttpContent? body = null,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, _url + path) { Content = body };
        foreach (var (name, value) in headers) Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        using var answer = await _http.SendAsync(request);
        var all = answer.Headers.Concat(answer.Content.Headers).ToDictionary(header => header.Key,
            header => string.Join("; ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new((int)answer.StatusCode, all, await answer.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_process is not null) await _process.DisposeAsync();
    }
}

public sealed record Answered(int Status, IReadOnlyDictionary<string, string> Headers, string Text)
{
    public string? this[string header] => Headers.GetValueOrDefault(header);
}
