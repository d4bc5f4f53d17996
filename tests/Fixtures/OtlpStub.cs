using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Checkout.Fixtures;

/// <summary>What somebody exported by OTLP over HTTP, as it came.</summary>
public sealed record Export(string Path, string? Authorization, byte[] Body)
{
    /// <summary>Protobuf keeps names and values as the UTF-8 that they are.</summary>
    public bool Names(string text) => Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
}

/// <summary>Takes whatever is exported to it.</summary>
public sealed class OtlpStub : HttpMessageHandler
{
    private readonly HandlerServer _server;
    private readonly ConcurrentQueue<Export> _exports = new();

    public OtlpStub() => _server = new(this);

    public string Url => _server.Url;

    public IReadOnlyCollection<Export> Exports => _exports;

    public bool Names(string text) => _exports.Any(export => export.Names(text));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
        CancellationToken cancellationToken)
    {
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        _exports.Enqueue(new(request.RequestUri!.AbsolutePath, request.Headers.Authorization?.ToString(), body));
        return new(HttpStatusCode.OK) { Content = new ByteArrayContent([]) };
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _server.Dispose();
        base.Dispose(disposing);
    }
}
