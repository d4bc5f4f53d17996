using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Checkout.EndToEnd.Http;
using Checkout.Local.Demo;
using Xunit;

namespace Checkout.EndToEnd.Following;

/// <summary>A message of a stream: its view, and what is sent to go on behind it.</summary>
internal sealed record Message(string Event, string Id, CheckoutSeen Checkout);

/// <summary>A client that reads a checkout's stream line by line.</summary>
internal sealed class OpenStream : IDisposable
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 2_000 })
    { Timeout = Timeout.InfiniteTimeSpan };
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpResponseMessage _answer;
    private readonly StreamReader? _lines;

    private OpenStream(HttpResponseMessage answer, StreamReader? lines) => (_answer, _lines) = (answer, lines);

    public HttpStatusCode Status => _answer.StatusCode;

    public HttpContentHeaders ContentHeaders => _answer.Content.Headers;

    public HttpResponseHeaders Headers => _answer.Headers;

    /// <summary>What came without a name, as heartbeats do.</summary>
    public List<string> Comments { get; } = [];

    public string? Retry { get; private set; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<OpenStream> OpenAsync(string store, string customer, Guid checkout,
        string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{store}/checkouts/{checkout}/events");
        request.Headers.Authorization = new("Bearer", Answer.TokenOf(store, customer));
        if (lastEventId is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        var answer = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel)
            .WaitAsync(Patience, Cancel);
        return new(answer, answer.StatusCode == HttpStatusCode.OK
            ? new(await answer.Content.ReadAsStreamAsync(Cancel)) : null);
    }

    /// <summary>The next one; null where the stream ended, and was not cut off.</summary>
    public async Task<Message?> NextAsync()
    {
        var fields = new Dictionary<string, string>();
        while (await LineAsync() is { } line)
        {
            if (line.Length == 0 && fields.Remove("data", out var data))
                return new(fields["event"], fields["id"],
                    JsonSerializer.Deserialize<CheckoutSeen>(data, JsonSerializerOptions.Web)!);
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon == 0) Comments.Add(line[1..].Trim());
            else if (colon > 0) fields[line[..colon]] = line[(colon + 1)..].Trim();
            if (fields.Remove("retry", out var retry)) Retry = retry;
        }
        return null;
    }

    /// <summary>All from here to the end of the stream.</summary>
    public async Task<List<Message>> RestAsync()
    {
        var messages = new List<Message>();
        while (await NextAsync() is { } message) messages.Add(message);
        return messages;
    }

    public async Task<string?> LineAsync() => await _lines!.ReadLineAsync(Cancel).AsTask().WaitAsync(Patience, Cancel);

    public void Dispose()
    {
        _lines?.Dispose();
        _answer.Dispose();
    }
}
