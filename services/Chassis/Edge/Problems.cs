using System.Diagnostics;
using System.Text.Json;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Checkout.Chassis.Edge;

/// <summary>
/// What a client is told when something goes wrong: a problem (RFC 9457), whatever it says it accepts. Where the
/// database does not answer it is asked to come again.
/// </summary>
internal static class Problems
{
    private const string RetryAfterSeconds = "1";

    /// <summary>What a connection may have sent and nobody has read; above the longest header lines, 32 KiB.</summary>
    private const int MaxUnreadBytes = 64 * 1024;

    /// <summary>A client that is slower holds a connection and means to.</summary>
    private static readonly TimeSpan HeadersWithin = TimeSpan.FromSeconds(10);

    public static void AddProblems(this WebApplicationBuilder builder)
    {
        // Before the one of ASP.NET, which writes nothing where Accept does not name JSON.
        builder.Services.AddSingleton<IProblemDetailsWriter, ProblemWriter>().AddProblemDetails();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // It counts the frames of chunks too; who reads a body counts its bytes.
            kestrel.Limits.MaxRequestBodySize = MaxUnreadBytes;
            kestrel.Limits.MaxRequestBufferSize = MaxUnreadBytes;
            kestrel.Limits.RequestHeadersTimeout = HeadersWithin;
            kestrel.AddServerHeader = false;
        });
    }

    public static void UseProblems(this WebApplication app)
    {
        app.Use((context, next) =>
        {
            context.Response.OnStarting(SetHeadersAsync, context.Response);
            return next(context);
        });
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = StatusOf,
            // A mistake of the client is no error of ours; it is told of it, and our log is not.
            SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException,
        });
        app.UseStatusCodePages();
    }

    /// <summary>The sentence for an answer that has only its status yet.</summary>
    public static void Tell(this HttpContext context, string detail) => context.Items[typeof(Problems)] = detail;

    private static int StatusOf(Exception e) => e switch
    {
        BadHttpRequestException bad => bad.StatusCode,
        // What was asked for would make an event that Kafka does not take.
        EventTooLargeException => StatusCodes.Status413PayloadTooLarge,
        _ when Outage.IsNobodysFault(e) => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>On every answer, whoever writes it: what is true now is not kept by anybody for later.</summary>
    private static Task SetHeadersAsync(object state)
    {
        var response = (HttpResponse)state;
        if (string.IsNullOrEmpty(response.Headers.CacheControl)) response.Headers.CacheControl = "no-store";
        // What is answered is what it says it is, and no page has it in a frame or reads in it whence one came. A page
        // of ours says itself what it may load.
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (string.IsNullOrEmpty(response.Headers.ContentSecurityPolicy))
            response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        if (response.StatusCode == StatusCodes.Status503ServiceUnavailable
            && string.IsNullOrEmpty(response.Headers.RetryAfter))
            response.Headers.RetryAfter = RetryAfterSeconds;
        return Task.CompletedTask;
    }

    private sealed class ProblemWriter : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => true;

        public ValueTask WriteAsync(ProblemDetailsContext context)
        {
            var (problem, response) = (context.ProblemDetails, context.HttpContext.Response);
            problem.Status ??= response.StatusCode;
            // ASP.NET's own types name a section of HTTP, which says no more than the status.
            if (problem.Type?.StartsWith(ProblemType.Prefix, StringComparison.Ordinal) != true)
            {
                var type = TypeOf(context.Exception, problem.Status.Value);
                (problem.Type, problem.Title) = (type.Uri, type.Title);
            }
            problem.Detail ??= context.HttpContext.Items[typeof(Problems)] as string;
            problem.Detail ??= context.Exception is BadHttpRequestException or EventTooLargeException
                ? context.Exception.Message : Detail(problem.Status.Value);
            problem.Extensions.TryAdd("traceId", Activity.Current?.Id ?? context.HttpContext.TraceIdentifier);
            return new(response.WriteAsJsonAsync(problem, JsonSerializerOptions.Web, "application/problem+json",
                context.HttpContext.RequestAborted));
        }

        private static ProblemType TypeOf(Exception? exception, int status) => exception switch
        {
            RequestRefusedException refused => refused.Type,
            EventTooLargeException => ProblemTypes.EventTooLarge,
            _ => ProblemTypes.OfStatus(status),
        };

        private static string? Detail(int status) => status switch
        {
            StatusCodes.Status403Forbidden => "The token does not give the right to this.",
            StatusCodes.Status404NotFound => "Nothing is at this address.",
            StatusCodes.Status405MethodNotAllowed =>
                "This address does not take the method; the header Allow says which it takes.",
            StatusCodes.Status503ServiceUnavailable =>
                "The database does not answer. Send the same request again, after the seconds that Retry-After says.",
            StatusCodes.Status500InternalServerError => "This is a fault of the service; its log has the traceId.",
            _ => null,
        };
    }
}
