using System.Net.Sockets;
using System.Text;
using Checkout.Chassis.Edge;
using Checkout.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Checkout.Chassis.Tests.Running;

/// <summary>The edge of a service without the service: its server, limits and problems, and a test's routes.</summary>
internal sealed class EdgeApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EdgeApp(WebApplication app, Uri url) => (_app, Url) = (app, url);

    public Uri Url { get; }

    /// <summary>What it logged as warnings and errors.</summary>
    public LogLines Lines { get; private init; } = new();

    /// <param name="settings">Where it has callers and limits, too.</param>
    public static async Task<EdgeApp> StartAsync(Action<WebApplication> map, ServiceSettings? settings = null)
    {
        var lines = new LogLines();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders().AddProvider(lines).SetMinimumLevel(LogLevel.Warning);
        if (settings is null) builder.AddProblems();
        else builder.AddPipeline(settings);
        var app = builder.Build();
        if (settings is null) app.UseProblems();
        else app.UsePipeline(settings);
        map(app);
        var url = $"http://127.0.0.1:{Ports.Free()}";
        app.Urls.Add(url);
        await app.StartAsync();
        return new(app, new(url)) { Lines = lines };
    }

    /// <summary>
    /// What is sent and answered, byte by byte: no client of .NET sends a header twice, or one that is not well formed.
    /// </summary>
    /// <param name="head">The request line and headers, without Host and Connection.</param>
    public async Task<RawAnswer> SendAsync(string head, string body = "")
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Url.Host, Url.Port);
        await using var stream = client.GetStream();
        var lines = head.ReplaceLineEndings("\r\n");
        await stream.WriteAsync(Encoding.UTF8.GetBytes(
            $"{lines}\r\nHost: {Url.Authority}\r\nConnection: close\r\n\r\n{body}"));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return RawAnswer.Of(await reader.ReadToEndAsync());
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}

internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public static RawAnswer Of(string text)
    {
        var parts = text.Split("\r\n\r\n", 2);
        var lines = parts[0].Split("\r\n");
        return new(int.Parse(lines[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture),
            lines.Skip(1).Select(line => line.Split(": ", 2))
                .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase), parts[1]);
    }
}
