using Checkout.Chassis.Edge;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Identity;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Checkout.Store;

public sealed record DemoSignInRequest(string CustomerId);

public sealed record DemoSignInAnswer(string Token);

/// <summary>
/// Lets a page of a developer's machine sign anybody in. It is there only with the key of a machine of one's own, which
/// no service takes in production.
/// </summary>
public static class DemoSignIn
{
    public static void Map(WebApplication app)
    {
        if (app.Services.GetRequiredService<IdentityOptions>().DevelopmentKeyFile is not { } key) return;
        var tokens = DevelopmentTokens.Of(key);
        app.MapPost("/demo/token", (HttpRequest request, CancellationToken cancellation) =>
            SignInAsync(tokens, request, cancellation)).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<Results<Ok<DemoSignInAnswer>, ProblemHttpResult>> SignInAsync(DevelopmentTokens tokens,
        HttpRequest request, CancellationToken cancellation)
    {
        var wanted = await JsonBody.ReadAsync<DemoSignInRequest>(request, cancellation);
        return OpaqueId.Problem("customerId", wanted.CustomerId) is { } problem
            ? ProblemTypes.NotAnOpaqueId.With(problem)
            : TypedResults.Ok(new DemoSignInAnswer(tokens.For(wanted.CustomerId, DateTime.UtcNow)));
    }
}
