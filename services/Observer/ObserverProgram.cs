using System.Diagnostics.Metrics;
using Checkout.Chassis;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Checkout.Observer.Asking;
using Checkout.Observer.Board;
using Checkout.Observer.Looking;
using Checkout.Observer.Reading;

namespace Checkout.Observer;

/// <summary>The process: serves, or runs a command.</summary>
internal static class ObserverProgram
{
    public static async Task<int> RunAsync(string[] args)
    {
        DirectToLoopback.Install();
        var isCommand = CommandLine.IsHelp(args) || (args.Length > 0 && !args[0].StartsWith('-')
            && !args[0].Contains(':', StringComparison.Ordinal));
        string[] given = isCommand ? [] : args;
        if (SettingArguments.Problems(given).ToList() is { Count: > 0 } wrong) return await Serving.RefusedAsync(wrong);
        var builder = WebApplication.CreateBuilder(given);
        if (SecretsOptions.AddTo(builder.Configuration) is { } unreadable)
            return await Serving.RefusedAsync([unreadable]);
        var (settings, problems) = Settings.Read<ObserverSettings>(builder.Configuration, read =>
            isCommand ? read.Problems(builder.Environment.IsDevelopment())
                : [.. read.Problems(builder.Environment.IsDevelopment()), .. read.ServingProblems(builder)]);
        problems = [.. SettingArguments.Unknown(builder.Configuration, KnownSettings.Names(typeof(ObserverSettings))),
            .. problems];
        if (problems.Count > 0 && !CommandLine.NeedsNoSettings(args)) return await Serving.RefusedAsync(problems);
        Register(builder, settings, isCommand);
        await using var app = builder.Build();
        if (isCommand)
            return await ObserverCommands.RunAsync(args, app.Services, () => Document(app));
        app.UsePipeline(Edge(settings));
        app.MapTelemetry(settings.Management.Url is null ? Scopes.Metrics : null);
        ObserverApi.Map(app);
        BoardApi.Map(app);
        return await app.ServeAsync();
    }

    private static string Document(WebApplication app)
    {
        ObserverApi.Map(app);
        return ApiDocument.Of(ObserverApi.Info, ((IEndpointRouteBuilder)app).DataSources
            .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>());
    }

    private static void Register(WebApplicationBuilder builder, ObserverSettings settings, bool isCommand)
    {
        var services = builder.Services;
        settings.Telemetry.InstanceId = settings.Kafka.InstanceId ?? settings.Telemetry.InstanceId;
        builder.AddTelemetry(ObservedEvents.Service, settings.Telemetry, SummaryWatch.MeterName);
        services.AddSingleton(settings.Kafka).AddSingleton(settings.Observer)
            .AddSingleton(ShiftedTime.Of(Environment.GetEnvironmentVariable(ShiftedTime.Variable)))
            .AddSingleton(_ => Database.Open(settings.Database.Connection(), ObservedEvents.Service))
            .AddSingleton(_ => new SchemaRegistry(settings.Registry))
            .AddSingleton<Migrations>().AddSingleton<ObserverDatabase>().AddSingleton<AuditStatus>()
            .AddSingleton<Processes>().AddSingleton<SummaryWatch>().AddSingleton<CheckoutLook>()
            .AddSingleton<BoardPage>().AddSingleton<BoardReader>()
            .AddSingleton(p => new BrokerWatch(settings.Kafka.Admin(), p.GetRequiredService<IMeterFactory>(),
                TimeProvider.System));
        builder.AddPipeline(Edge(settings));
        if (isCommand) return;
        services.AddHostedService(p => p.GetRequiredService<ObserverDatabase>())
            .AddHostedService(p => p.GetRequiredService<BrokerWatch>())
            .AddHostedService(p => p.GetRequiredService<Processes>())
            .AddHostedService(p => p.GetRequiredService<SummaryWatch>())
            .AddHostedService<AuditLoop>();
        builder.AddReadiness<ObserverDatabase>("database");
        builder.AddReadiness<BrokerWatch>("kafka");
    }

    /// <summary>Requests go the way that they go at the other services.</summary>
    private static ServiceSettings Edge(ObserverSettings settings) =>
        new() { Identity = settings.Identity, Edge = settings.Edge, Management = settings.Management };
}
