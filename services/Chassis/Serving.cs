using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Checkout.Chassis;

/// <summary>How a process serves, and how it ends.</summary>
internal static class Serving
{
    /// <summary>Until it is asked to end, or something that runs beside it fails.</summary>
    /// <returns>The exit code: 1 after a failure, 2 where somebody has to change something first.</returns>
    public static async Task<int> ServeAsync(this WebApplication app)
    {
        if (app.Services.GetRequiredService<TimeProvider>() is ShiftedTime shifted)
            Log.ClockShifted(app.Logger, shifted.Offset, ShiftedTime.Variable);
        // The host ends when one of these fails, and tells nobody but its log.
        var background = app.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
        var stopping = app.Lifetime.ApplicationStopping;
        try
        {
            await app.RunAsync();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // It was stopped, or one of these failed, before it listened.
        }
        var faults = background.Select(service => service.ExecuteTask?.Exception?.GetBaseException())
            .OfType<Exception>().ToList();
        if (faults.OfType<UnusableDatabaseException>().FirstOrDefault() is { } unusable)
            return await RefusedAsync([unusable.Message]);
        return faults.Count > 0 ? 1 : 0;
    }

    /// <summary>It does not start; each sentence says what to change.</summary>
    public static async Task<int> RefusedAsync(IEnumerable<string> sentences)
    {
        foreach (var sentence in sentences) await Console.Error.WriteLineAsync(sentence);
        return 2;
    }
}
