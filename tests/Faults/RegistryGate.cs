using System.Net;
using Checkout.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Checkout.Faults;

internal enum RegistryMode
{
    Well,
    /// <summary>A follower that has not heard of the schemas, or something before it: 404 without its body.</summary>
    Lagging,
    /// <summary>It takes connections and answers nobody.</summary>
    Frozen,
}

/// <summary>The development registry behind a gate that can be shut.</summary>
internal sealed class RegistryGate : IAsyncDisposable
{
    private readonly DevelopmentRegistry _registry;
    private readonly WebApplication _application;
    private readonly HttpMessageInvoker _behind = new(new SocketsHttpHandler());
    private int _refused;

    private RegistryGate(DevelopmentRegistry registry)
    {
        _registry = registry;
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<IHostLifetime, ProgramsOwnLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        _application = builder.Build();
        _application.Run(AnswerAsync);
    }

    public RegistryMode Mode { get; set; }

    /// <summary>How many questions it did not answer as it should.</summary>
    public int Refused => _refused;

    public string Url => _application.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>The registry itself, which is always well.</summary>
    public string Behind => _registry.Url;

    public static async Task<RegistryGate> StartAsync(string file)
    {
        var gate = new RegistryGate(await DevelopmentRegistry.StartAsync(0, file));
        await gate._application.StartAsync();
        return gate;
    }

    public async ValueTask DisposeAsync()
    {
        Mode = RegistryMode.Well;
        await _application.DisposeAsync();
        _behind.Dispose();
        await _registry.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext http) => Mode switch
    {
        RegistryMode.Frozen => FreezeAsync(http),
        // What is written goes to the leader, which knows everything.
        RegistryMode.Lagging when HttpMethods.IsGet(http.Request.Method) => MissAsync(http),
        _ => ForwardAsync(http),
    };

    private async Task FreezeAsync(HttpContext http)
    {
        Interlocked.Increment(ref _refused);
        await Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        http.Abort();
    }

    private Task MissAsync(HttpContext http)
    {
        Interlocked.Increment(ref _refused);
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        http.Response.ContentType = "text/html";
        return http.Response.WriteAsync("<html><body>404 Not Found</body></html>");
    }

    private async Task ForwardAsync(HttpContext http)
    {
        using var request = new HttpRequestMessage(new(http.Request.Method),
            Behind + http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        if (HttpMethods.IsPost(http.Request.Method) || HttpMethods.IsPut(http.Request.Method))
        {
            request.Content = new StreamContent(http.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", http.Request.ContentType);
        }
        using var answer = await _behind.SendAsync(request, http.RequestAborted);
        http.Response.StatusCode = (int)answer.StatusCode;
        http.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await answer.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
    }

    /// <summary>The default one takes Ctrl+C and SIGTERM away from the campaign.</summary>
    private sealed class ProgramsOwnLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
