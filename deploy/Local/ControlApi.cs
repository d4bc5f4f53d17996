using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Checkout.Local;

/// <summary>
/// Lets another process of this machine, which can read the folder's running.json, stop, start and kill processes of
/// the system; a demo does.
/// </summary>
internal sealed class ControlApi : IAsyncDisposable
{
    public const string TokenHeader = LoopbackApp.TokenHeader;

    private readonly WebApplication _app;

    private ControlApi(WebApplication app, string token) => (_app, Token) = (app, token);

    public string Token { get; }

    public string Url => LoopbackApp.UrlOf(_app);

    public static async Task<ControlApi> StartAsync(LocalSystem system, int port)
    {
        var token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var app = LoopbackApp.Build(port, token);
        app.MapPost("/processes/{name}/{action}", async (HttpContext context) =>
        {
            var process = system.Processes.SingleOrDefault(p => p.Name == (string?)context.Request.RouteValues["name"]);
            context.Response.StatusCode = process is not null
                && await DoAsync(process, (string?)context.Request.RouteValues["action"], context.RequestAborted)
                ? StatusCodes.Status204NoContent
                : StatusCodes.Status404NotFound;
        });
        await app.StartAsync();
        return new(app, token);
    }

    private static async Task<bool> DoAsync(Supervised process, string? action, CancellationToken cancellation)
    {
        switch (action)
        {
            case "stop":
                await process.StopAsync();
                return true;
            case "start":
                await process.StartAsync();
                await process.ReadyAsync(cancellation);
                return true;
            case "kill":
                process.Kill();
                return true;
            default:
                return false;
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
