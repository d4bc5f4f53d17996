using System.Net;
using Checkout.Chassis.Edge;
using Checkout.Chassis.EventStore;
using Checkout.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

public sealed class ProblemsTests
{
    [Fact]
    public async Task A_request_that_would_make_an_event_too_large_for_kafka_is_answered_with_a_problem_413()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddProblems();
        await using var app = builder.Build();
        app.UseProblems();
        app.MapPost("/",
            string () =>
                throw new EventTooLargeException("test.Happened", 2_000_000, EventStoreOptions.DefaultMaxEventBytes));
        var url = $"http://127.0.0.1:{Ports.Free()}";
        app.Urls.Add(url);
        await app.StartAsync();
        using var http = new HttpClient();
        using var answer = await http.PostAsync(new Uri(url), null);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "application/problem+json"),
            (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }
}
