using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Checkout.Local;

/// <summary>
/// Lets another process of this machine, which can read the folder's running.json, stop, start and kill processes of
/// the system; a demo does.
/// </summary>
internal sealed class ControlApi : IAsyncDisposable
{
    public const string TokenHeader = "X-Local-Token";

    private readonly WebApplication _app;

    private ControlApi(WebApplication app, string token) => (_app, Token) = (app, token);

    public string Token { get; }

    public string Url =>
        _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<ControlApi> StartAsync(LocalSystem system, int port)
    {
        var token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, OwnersLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        app.Use((context, next) =>
        {
            if (context.Request.Headers[TokenHeader] == token) return next(context);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        });
        app.UseRouting();
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

    /// <summary>Ctrl+C and SIGTERM are the program's.</summary>
    private sealed class OwnersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
