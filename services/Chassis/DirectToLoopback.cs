using System.Net;

namespace Checkout.Chassis;

/// <summary>
/// The proxy of the environment (http_proxy, https_proxy, no_proxy), but for what is on this machine: a proxy elsewhere
/// would look for it on its own. .NET goes there by the proxy too, unless no_proxy says other (seen, 10.0).
/// </summary>
public sealed class DirectToLoopback(IWebProxy others) : IWebProxy
{
    /// <summary>For every HTTP client of this process that has no proxy of its own; called before the first.</summary>
    public static void Install()
    {
        if (HttpClient.DefaultProxy is not DirectToLoopback)
            HttpClient.DefaultProxy = new DirectToLoopback(HttpClient.DefaultProxy);
    }

    public ICredentials? Credentials
    {
        get => others.Credentials;
        set => others.Credentials = value;
    }

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : others.GetProxy(destination);

    public bool IsBypassed(Uri host) => host.IsLoopback || others.IsBypassed(host);
}
