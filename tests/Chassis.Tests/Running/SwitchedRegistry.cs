using System.Net;
using Checkout.Chassis.Registry;

namespace Checkout.Chassis.Tests.Running;

/// <summary>
/// The way to the registry, with a switch: the network swallows the request, or the registry answers with a status.
/// </summary>
internal sealed class SwitchedRegistry : DelegatingHandler
{
    private int _asked;

    public SwitchedRegistry() => InnerHandler = new SocketsHttpHandler();

    public bool IsDown { get; set; }

    public HttpStatusCode? Answers { get; set; }

    public int Asked => _asked;

    public RegistryClient NewClient(Stage stage) => new(new HttpClient(this), new() { Url = new(stage.RegistryUrl) });

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
        CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        if (IsDown) throw new HttpRequestException("Connection refused");
        return Answers is { } status
            ? Task.FromResult(
                new HttpResponseMessage(status)
                {
                    Content = new StringContent($$"""{"error_code":{{(int)status}},"message":"no"}""")
                })
            : base.SendAsync(request, cancellationToken);
    }
}
