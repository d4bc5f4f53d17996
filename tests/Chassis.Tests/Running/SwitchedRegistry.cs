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
        return Answers is { } status
            ? Task.FromResult(
                new HttpResponseMessage(status)
                {
                    Content = new StringContent($$"""{"error_code":{{(int)status}},"message":"no"}""")
                })
            : base.SendAsync(request, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _server.Dispose();
        base.Dispose(disposing);
    }
}
