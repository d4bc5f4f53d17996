using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Checkout.Chassis.Telemetry;

/// <summary>
/// An address of its own for what a process tells its operators, so that nobody else can ask: there are /metrics and
/// /health then, and nowhere else; and nothing else is there.
/// </summary>
public sealed class ManagementOptions
{
    private const string DefaultUrl = "http://localhost:5000";

    /// <summary>Such as http://+:9090. Where it is not set they are at the address of everything.</summary>
    public string? Url { get; set; }

    private int? Port => Url is null ? null : BindingAddress.Parse(Url).Port;

    public IEnumerable<string> Problems(IConfiguration configuration)
    {
        if (Url is null) yield break;
        var isUrl = true;
        try
        {
            isUrl = BindingAddress.Parse(Url) is { Scheme: "http" or "https", Port: > 0, PathBase: "" };
        }
        catch (FormatException)
        {
            isUrl = false;
        }
        if (!isUrl)
            yield return $"Management:Url is {Url}; give an address with a port, such as http://+:9090.";
        else if (configuration.GetSection("Kestrel:Endpoints").Exists())
            yield return "Management:Url can't be used beside Kestrel:Endpoints, which says all addresses: give the "
                + "others by ASPNETCORE_URLS.";
        else if (Urls(configuration).Split(';').Any(url => BindingAddress.Parse(url).Port == Port))
            yield return $"Management:Url is {Url}, and the service has that port; give another.";
    }

    internal void Add(WebApplicationBuilder builder)
    {
        if (Url is not null) builder.WebHost.UseUrls([.. Urls(builder.Configuration).Split(';'), Url]);
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
    private static string Urls(IConfiguration configuration)
    {
        if (configuration["urls"] is { Length: > 0 } urls) return urls;
        var ports = new[] { ("http", "HTTP_PORTS"), ("https", "HTTPS_PORTS") }.SelectMany(kind =>
            (configuration[kind.Item2] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries)
                .Select(port => $"{kind.Item1}://*:{port}")).ToList();
        return ports.Count > 0 ? string.Join(';', ports) : DefaultUrl;
    }
}
