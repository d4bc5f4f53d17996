using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Checkout.Chassis.Telemetry;

/// <summary>
/// What every process tells of itself: JSON log lines with trace ids, traces by OTLP, /metrics for Prometheus,
/// /health/live and /health/ready.
/// </summary>
public static class TelemetryExtensions
{
    private const string ReadyTag = "ready";

    /// <param name="activitySources">Names of the activity sources and meters beside those of the chassis.</param>
    public static void AddTelemetry(this WebApplicationBuilder builder, string service, TelemetryOptions options,
        params string[] activitySources)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddJsonConsole(console =>
        {
            console.IncludeScopes = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.ffffffZ";
        });
        builder.Logging.Configure(logging =>
            logging.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        // Where it logs, its scope gives every line of a request the path, and so a customer (decision 0001).
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);

        var variables = new OtelVariables(name => builder.Configuration[name]);
        var telemetry = builder.Services.AddOpenTelemetry()
            // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win: what comes later does.
            .ConfigureResource(resource => resource.AddService(service, serviceInstanceId: options.InstanceId)
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics.SetExemplarFilter(ExemplarFilterType.TraceBased)
                .AddMeter(TelemetryNames.Chassis, NoLoneStatements.Source, "Microsoft.AspNetCore.Hosting",
                    "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime").AddMeter(activitySources)
                // In Prometheus a name ends in _count where it counts what happened, and nowhere else.
                .AddView("db.client.connection.count", "db.client.connections")
                .AddView("dotnet.process.cpu.count", "dotnet.process.cpus")
                .AddView("dotnet.assembly.count", MetricStreamConfiguration.Drop)
                .AddView("dotnet.timer.count", MetricStreamConfiguration.Drop)
                .AddPrometheusExporter());
        if (variables.ExportsTraces)
            telemetry.WithTracing(tracing => tracing
                .AddSource(TelemetryNames.Chassis).AddSource(activitySources)
                .AddAspNetCoreInstrumentation(http =>
                {
                    http.Filter = context => !IsAboutOurselves(context.Request.Path);
                    http.EnrichWithHttpResponse = (span, answer) =>
                        span.SetTag("url.path", NamelessPath.Of(answer.HttpContext));
                })
                .AddNpgsql()
                // Before the exporter, which asks whether a span is recorded.
                .AddProcessor(new NoLoneStatements())
                .AddOtlpExporter(variables.Apply));
        else
            // Without a collector nothing is recorded, but the context is made and carried on all the same, so that
            // what joins later finds one trace. A request's is made by ASP.NET for who listens or logs.
            Propagate([TelemetryNames.Chassis, "Microsoft.AspNetCore", .. activitySources]);

        builder.Services.AddHealthChecks();
        builder.Services.AddSingleton<IHealthCheckPublisher, HealthMetrics>()
            .Configure<HealthCheckPublisherOptions>(publishing =>
            {
                publishing.Predicate = check => check.Tags.Contains(ReadyTag);
                (publishing.Delay, publishing.Period) = (TimeSpan.Zero, HealthMetrics.Interval);
            });
    }

    public static void AddReadiness<T>(this WebApplicationBuilder builder, string name) where T : class, IHealthCheck =>
        builder.Services.AddHealthChecks().AddCheck<T>(name, tags: [ReadyTag]);

    /// <param name="metricsPolicy">
    /// Of whom may read /metrics; null for whoever reaches them, as where they have an address of their own.
    /// </param>
    public static void MapTelemetry(this WebApplication app, string? metricsPolicy = null)
    {
        WholeHistograms.Use(app);
        app.MapPrometheusScrapingEndpoint("/metrics").ForOperators(metricsPolicy);
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false }).AllowAnonymous();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions
        {
            Predicate = check => check.Tags.Contains(ReadyTag),
            ResponseWriter = (context, report) => context.Response.WriteAsJsonAsync(new
            {
                status = report.Status.ToString(),
                checks = report.Entries.ToDictionary(e => e.Key,
                    e => new { status = e.Value.Status.ToString(), e.Value.Description }),
            }, context.RequestAborted),
        }).AllowAnonymous();
    }

    /// <summary>How far this process is, for whoever may read its metrics: GET /internal/progress.</summary>
    public static void MapProgress(this WebApplication app, string? metricsPolicy, Delegate progress) =>
        app.MapGet("/internal/progress", progress).ForOperators(metricsPolicy).ExcludeFromDescription();

    private static TBuilder ForOperators<TBuilder>(this TBuilder endpoint, string? policy)
        where TBuilder : IEndpointConventionBuilder =>
        policy is null ? endpoint.AllowAnonymous() : endpoint.RequireAuthorization(policy);

    /// <summary>In whatever case, as routes are found.</summary>
    internal static bool IsAboutOurselves(PathString path) =>
        path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase)
            || path.StartsWithSegments("/metrics", StringComparison.OrdinalIgnoreCase)
            || path.StartsWithSegments("/internal", StringComparison.OrdinalIgnoreCase);

    private static void Propagate(HashSet<string> names)
    {
        ActivitySource.AddActivityListener(new ActivityListener
        {
            ShouldListenTo = source => names.Contains(source.Name),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
        });
    }
}
