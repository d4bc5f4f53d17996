using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Checkout.Chassis.Registry;
using Checkout.Fixtures;

namespace Checkout.LogTailer.Tests;

/// <summary>A registry at the level of HTTP that can be away, or refuse.</summary>
public sealed class StubRegistry : HttpMessageHandler
{
    private readonly Dictionary<string, int> _ids = [];
    private readonly HandlerServer _server;
    private int _asked;

    public StubRegistry() => _server = new(this);

    public bool IsAway { get; set; }
    public bool Refuses { get; set; }
    /// <summary>How long it takes for an answer, also to who does not wait for it any more.</summary>
    public TimeSpan Takes { get; set; }
    public int Asked => Volatile.Read(ref _asked);

    public bool Knows(string schema)
    {
        lock (_ids) return _ids.ContainsKey(schema);
    }

    public SchemaRegistry Client() => new(new RegistryOptions { Url = _server.Url });

    protected override void Dispose(bool disposing)
    {
        if (disposing) _server.Dispose();
        base.Dispose(disposing);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
        CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        await Task.Delay(Takes, CancellationToken.None);
        if (IsAway) throw new HttpRequestException("Connection refused");
        var text = request.Content is null ? "{}" : await request.Content.ReadAsStringAsync(cancellationToken);
        if (request.Method == HttpMethod.Put) return Answer(HttpStatusCode.OK, text);
        if (Refuses) return Answer(HttpStatusCode.Conflict, """{"error_code":409,"message":"incompatible"}""");
        if (request.Method == HttpMethod.Get)
            return SchemaOf(int.Parse(request.RequestUri!.Segments[^1], CultureInfo.InvariantCulture));
        var schema = JsonDocument.Parse(text).RootElement.GetProperty("schema").GetString()!;
        lock (_ids)
        {
            if (!_ids.TryGetValue(schema, out var id)) _ids[schema] = id = _ids.Count + 1;
            return Answer(HttpStatusCode.OK, $$"""{"id":{{id}}}""");
        }
    }

    private HttpResponseMessage SchemaOf(int id)
    {
        string? schema;
        lock (_ids) schema = _ids.FirstOrDefault(known => known.Value == id).Key;
        return schema is null
            ? Answer(HttpStatusCode.NotFound, """{"error_code":40403,"message":"Schema not found"}""")
            : Answer(HttpStatusCode.OK, JsonSerializer.Serialize(new { schema }));
    }

    private static HttpResponseMessage Answer(HttpStatusCode status, string json) =>
        new(status) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
}
