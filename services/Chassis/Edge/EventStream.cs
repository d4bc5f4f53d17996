using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Checkout.Chassis.Edge;

/// <summary>
/// Server-Sent Events (WHATWG HTML, 9.2) on one response. Written by hand: TypedResults.ServerSentEvents sends its
/// headers with the first event only, and has no comments for a heartbeat (seen, ASP.NET 10.0.12; aspnetcore#65103). A
/// write waits until the client takes what was sent before, beyond what the server buffers for a connection; one that
/// takes nothing is cut off by the server (Kestrel's MinResponseDataRate).
/// </summary>
public sealed class EventStream(HttpResponse response)
{
    public const string ContentType = "text/event-stream";
    public const string LastEventIdHeader = "Last-Event-ID";

    /// <summary>How long a client is to wait before it comes again after its stream was cut off.</summary>
    private static readonly TimeSpan Reconnect = TimeSpan.FromSeconds(2);

    private static readonly byte[] Beginning =
        Encoding.UTF8.GetBytes($": connected\nretry: {(int)Reconnect.TotalMilliseconds}\n\n");

    private static readonly byte[] Ping = ": ping\n\n"u8.ToArray();

    /// <summary>Null where a client begins anew.</summary>
    public static string? LastEventId(HttpRequest request) =>
        request.Headers[LastEventIdHeader] is { Count: 1 } ids ? ids[0] : null;

    /// <summary>Headers and a first comment, sent at once: the client knows that it is connected.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        SetHeaders();
        response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await WriteAsync(Beginning, cancellation);
    }

    /// <summary>For HEAD: what GET would begin with.</summary>
    public void SetHeaders()
    {
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-store";
        // nginx and its like hold answers back otherwise.
        response.Headers["X-Accel-Buffering"] = "no";
    }

    /// <summary>So that no one on the way takes the silence for an end, and a client that is gone is noticed.</summary>
    public Task PingAsync(CancellationToken cancellation) => WriteAsync(Ping, cancellation);

    /// <param name="name">Of one line, as the id.</param>
    /// <param name="data">Serialized on one line.</param>
    public Task SendAsync<T>(string name, string id, T data, CancellationToken cancellation)
    {
        var text = new ArrayBufferWriter<byte>(1024);
        Encoding.UTF8.GetBytes($"event: {name}\nid: {id}\ndata: ", text);
        text.Write(JsonSerializer.SerializeToUtf8Bytes(data, JsonSerializerOptions.Web));
        text.Write("\n\n"u8);
        return WriteAsync(text.WrittenMemory, cancellation);
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> text, CancellationToken cancellation)
    {
        await response.BodyWriter.WriteAsync(text, cancellation);
        await response.BodyWriter.FlushAsync(cancellation);
    }
}
