using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Checkout.Local.Traces;

/// <summary>
/// Where there is no Jaeger: takes what the processes export, by OTLP over HTTP, and keeps the newest in memory.
/// </summary>
internal sealed class SpanKeeper : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SpanKeeper(WebApplication app, string token) => (_app, Token) = (app, token);

    public string Token { get; }

    public string Url => LoopbackApp.UrlOf(_app);

    public static async Task<SpanKeeper> StartAsync(int port)
    {
        var token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var app = LoopbackApp.Build(port, token);
        var memory = new SpanMemory();
        app.MapPost("/v1/traces", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            try
            {
                memory.Add(OtlpSpans.Read(body.GetBuffer().AsSpan(0, (int)body.Length)));
                // An empty answer is an ExportTraceServiceResponse: all were taken.
                context.Response.ContentType = "application/x-protobuf";
            }
            catch (InvalidDataException)
            {
                context.Response.StatusCode = StatusCodes.Status400BadRequest;
            }
        });
        app.MapGet("/traces/{id}", (HttpContext context) => context.Response.WriteAsJsonAsync(
            memory.Of((string)context.Request.RouteValues["id"]!), context.RequestAborted));
        await app.StartAsync();
        return new(app, token);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
