using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Checkout.Chassis.Edge;

/// <summary>
/// What a client is told when something goes wrong: a problem (RFC 9457). Where the database does not answer it is
/// asked to come again.
/// </summary>
internal static class Problems
{
    private const string RetryAfterSeconds = "1";

    public static IServiceCollection AddProblems(this IServiceCollection services) =>
        services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
    {
        if (context.ProblemDetails.Status == StatusCodes.Status503ServiceUnavailable)
            context.HttpContext.Response.Headers.RetryAfter = RetryAfterSeconds;
    });

    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions { StatusCodeSelector = StatusOf });
        app.UseStatusCodePages();
    }

    private static int StatusOf(Exception e) => e switch
    {
        BadHttpRequestException bad => bad.StatusCode,
        // What was asked for would make an event that Kafka does not take.
        EventTooLargeException => StatusCodes.Status413PayloadTooLarge,
        _ when Outage.IsOutage(e) => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };
}
