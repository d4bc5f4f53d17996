using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Checkout.Chassis.Telemetry;

/// <summary>
/// An address of its own for what a process tells its operators, so that nobody else can ask: there are /metrics,
/// /health and /internal then, and nowhere else; and nothing else is there.
/// </summary>
public sealed class ManagementOptions
{
    private const string DefaultUrl = "http://localhost:5000";
    private const int MaxPort = 65_535;

    /// <summary>Such as http://+:9090. Where it is not set they are at the address of everything.</summary>
    public string? Url { get; set; }

    private int? Port => Url is null ? null : BindingAddress.Parse(Url).Port;

    public IEnumerable<string> Problems(IConfiguration configuration)
    {
        if (Url is null) yield break;
        var others = Urls(configuration).ToList();
        if (Parsed(Url) is not { Scheme: "http" or "https", Port: > 0 and <= MaxPort, PathBase: "" } own)
            yield return $"Management:Url is {Url}; give an address with a port, such as http://+:9090.";
        else if (configuration.GetSection("Kestrel:Endpoints").Exists())
            yield return "Management:Url can't be used beside Kestrel:Endpoints, which says all addresses: give the "
                + "others by ASPNETCORE_URLS.";
        else if (others.Find(url => Parsed(url) is null) is { } wrong)
            yield return $"{wrong} is no address to listen at: correct ASPNETCORE_URLS, such as http://+:8080.";
        else if (others.Exists(url => Parsed(url)!.Port == own.Port))
            yield return $"Management:Url is {Url}, and the service has that port; give another.";
    }

    internal void Add(WebApplicationBuilder builder)
    {
        if (Url is not null) builder.WebHost.UseUrls([.. Urls(builder.Configuration), Url]);
    }

    /// <summary>Before all that answers.</summary>
    internal void Use(WebApplication app)
    {
        if (Port is not { } port) return;
        app.Use((context, next) =>
        {
            if (context.Connection.LocalPort == port == TelemetryExtensions.IsAboutOurselves(context.Request.Path))
                return next(context);
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    /// <summary>As ASP.NET reads them, HTTP_PORTS being what its images set.</summary>
    private static IEnumerable<string> Urls(IConfiguration configuration)
    {
        if (configuration["urls"] is { Length: > 0 } urls) return Split(urls);
        var ports = new[] { ("http", "HTTP_PORTS"), ("https", "HTTPS_PORTS") }.SelectMany(kind =>
            Split(configuration[kind.Item2] ?? "").Select(port => $"{kind.Item1}://*:{port}")).ToList();
        return ports.Count > 0 ? ports : [DefaultUrl];
    }

    private static string[] Split(string list) => list.Split(';', StringSplitOptions.RemoveEmptyEntries);

    private static BindingAddress? Parsed(string url)
    {
        try
        {
            return BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
