using System.Net;
using Checkout.Chassis.Registry;
using Checkout.Fixtures;

namespace Checkout.Chassis.Tests.Running;

/// <summary>
/// The way to the registry, with a switch: the network swallows the request, or the registry answers with a status.
/// </summary>
internal sealed class SwitchedRegistry : DelegatingHandler
{
    private readonly HandlerServer _server;
    private int _asked;
    private string _behind = "";

    public SwitchedRegistry()
    {
        InnerHandler = new SocketsHttpHandler();
        _server = new(this);
    }

    public bool IsDown { get; set; }

    public HttpStatusCode? Answers { get; set; }

    /// <summary>As a follower that lags, it knows none of the schemas that it is asked for now.</summary>
    public bool Unknown { get; set; }

    public int Asked => _asked;

    public SchemaRegistry NewClient(Stage stage)
    {
        _behind = stage.RegistryUrl;
        return new(new() { Url = _server.Url });
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
        CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        if (IsDown) throw new HttpRequestException("Connection refused");
        request.RequestUri = new(_behind + request.RequestUri!.PathAndQuery);
        request.Headers.Host = null;
        return Answers is { } status ? Answer(status, (int)status)
            : Unknown && request.RequestUri.PathAndQuery.StartsWith("/schemas/ids/", StringComparison.Ordinal)
                ? Answer(HttpStatusCode.NotFound, 40403)
            : base.SendAsync(request, cancellationToken);
    }

    private static Task<HttpResponseMessage> Answer(HttpStatusCode status, int code) =>
        Task.FromResult(new HttpResponseMessage(status)
        {
            Content = new StringContent($$"""{"error_code":{{code}},"message":"no"}"""),
        });

    protected override void Dispose(bool disposing)
    {
        if (disposing) _server.Dispose();
        base.Dispose(disposing);
    }
}
