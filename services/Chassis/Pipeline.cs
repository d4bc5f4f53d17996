using Checkout.Chassis.Edge;
using Checkout.Chassis.Identity;
using Microsoft.AspNetCore.Builder;

namespace Checkout.Chassis;

/// <summary>What every request goes through before something answers it, in this order.</summary>
internal static class Pipeline
{
    public static void AddPipeline(this WebApplicationBuilder builder, ServiceSettings settings)
    {
        builder.AddProblems();
        settings.Management.Add(builder);
        builder.AddCrossOrigin(settings.Edge);
        builder.AddTokens(settings.Identity);
        builder.AddRateLimits(settings.Edge);
    }

    public static void UsePipeline(this WebApplication app, ServiceSettings settings)
    {
        app.UseProblems();
        settings.Management.Use(app);
        // Before the token: a browser asks whether it may send one without it.
        app.UseCors();
        app.UseTokens();
        // By whom the token speaks of; what has none is refused next, at less cost than a count of it.
        app.UseRateLimiter();
        app.UseAuthorization();
    }
}
