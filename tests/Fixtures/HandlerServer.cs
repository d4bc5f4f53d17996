using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Checkout.Fixtures;

/// <summary>
/// Answers of a test's own making, served over HTTP to clients that make their connections themselves. Where the
/// handler throws an HttpRequestException the connection breaks off.
/// </summary>
public sealed class HandlerServer : IDisposable
{
    private readonly WebApplication _application;
    private readonly HttpMessageInvoker _handler;

    public HandlerServer(HttpMessageHandler handler)
    {
        _handler = new(handler, disposeHandler: false);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        _application = builder.Build();
        _application.Run(AnswerAsync);
        _application.Start();
        Url = _application.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public string Url { get; }

    private async Task AnswerAsync(HttpContext http)
    {
        // As it was sent: the path of the context is unescaped.
        using var request = new HttpRequestMessage(new(http.Request.Method),
            Url + http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        if (body.Length > 0) request.Content = new ByteArrayContent(body.ToArray());
        foreach (var (name, value) in http.Request.Headers)
            if (!request.Headers.TryAddWithoutValidation(name, [.. value]))
                request.Content?.Headers.TryAddWithoutValidation(name, [.. value]);
        try
        {
            using var answer = await _handler.SendAsync(request, http.RequestAborted);
            http.Response.StatusCode = (int)answer.StatusCode;
            http.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await answer.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            http.Abort();
        }
    }

    public void Dispose()
    {
        ((IDisposable)_application).Dispose();
        _handler.Dispose();
    }
}
