using System.Reflection;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Checkout.Chassis;

/// <summary>
/// A service of the choreography: its table, its API; the rest is the same for all. Without a command it serves; its
/// commands are listed by --help.
/// </summary>
public sealed class Service<TRows>(Choreography<TRows> choreography)
{
    /// <summary>A command of this service's operators: what to say of it, and how it runs.</summary>
    public List<OperatorCommand<TRows>> OperatorCommands { get; init; } = [];

    /// <summary>
    /// Adds what this service needs beside, and answers with what an operator has to change in its settings.
    /// </summary>
    public Func<WebApplicationBuilder, IEnumerable<string>> Configure { get; init; } = _ => [];

    public required Action<WebApplication> Map { get; init; }

    public async Task<int> RunAsync(string[] args)
    {
        var isCommand = CommandLine.IsHelp(args)
            || (args.Length > 0 && !args[0].Contains(':', StringComparison.Ordinal) && !args[0].StartsWith('-'));
        var builder = WebApplication.CreateBuilder(isCommand ? [] : args);
        var (settings, problems) = Settings.Read<ServiceSettings>(builder.Configuration, s => s.Problems());
        problems = [.. choreography.Problems(), .. problems, .. Configure(builder)];
        if (problems.Count > 0 && !CommandLine.IsHelp(args))
        {
            foreach (var problem in problems) await Console.Error.WriteLineAsync(problem);
            return 2;
        }
        Register(builder, settings);
        var app = builder.Build();
        if (isCommand)
            return await CommandLine.RunAsync(args, app.Services, OperatorCommands,
                () => new Rebuild<TRows>(choreography, settings.Database.ConnectionString));

        app.UseProblems();
        app.MapTelemetry();
        Map(app);
        // The host ends when one of these fails, and tells nobody but its log.
        var background = app.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
        await app.RunAsync();
        return background.Any(service => service.ExecuteTask?.IsFaulted == true) ? 1 : 0;
    }

    private void Register(WebApplicationBuilder builder, ServiceSettings settings)
    {
        var services = builder.Services;
        var store = new EventStoreOptions(choreography.Topic, $"/{choreography.Service}/{settings.EventStore.Shard}",
            settings.EventStore.Partitions)
        { MaxEventBytes = settings.EventStore.MaxEventBytes };
        settings.Telemetry.InstanceId = settings.Kafka.InstanceId ?? settings.Telemetry.InstanceId;
        builder.AddTelemetry(choreography.Service, settings.Telemetry);
        services.AddSingleton(choreography).AddSingleton(settings.Kafka).AddSingleton(settings.Reactor)
            .AddSingleton(settings.Registry).AddSingleton(store)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(_ => Database.Open(settings.Database.ConnectionString, choreography.Service))
            .AddSingleton(_ => new SchemaRegistry(settings.Registry))
            .AddSingleton<ReactorState>()
            .AddSingleton(p =>
                new BrokerWatch(settings.Kafka.Admin(),
                    p.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), TimeProvider.System))
            .AddSingleton(p =>
                new ReactorTelemetry(p.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(),
                    choreography.Service,
                settings.Telemetry.CorrelationAttribute, p.GetRequiredService<ReactorState>()))
            .AddSingleton(p => new Decoder<TRows>(choreography, p.GetRequiredService<SchemaRegistry>(),
                settings.Reactor.ClockTolerance))
            .AddSingleton<ClockSkew>().AddSingleton<ReactorPass<TRows>>().AddSingleton<Handling<TRows>>()
            .AddSingleton<Transactions<TRows>>().AddSingleton<ParkedCommands<TRows>>()
            .AddSingleton<GroupCommit<TRows>>()
            .AddSingleton<Migrations>()
            .AddSingleton(p =>
                new DatabaseReady(p.GetRequiredService<NpgsqlDataSource>(), p.GetRequiredService<Migrations>(), store,
                    Assembly.GetEntryAssembly()!,
                choreography.ToldEvents.Select(told => told.Schema),
                p.GetRequiredService<Microsoft.Extensions.Logging.ILogger<DatabaseReady>>()))
            .AddHostedService(p => p.GetRequiredService<DatabaseReady>())
            .AddHostedService(p => p.GetRequiredService<GroupCommit<TRows>>())
            .AddHostedService(p => p.GetRequiredService<BrokerWatch>())
            .AddHostedService<ReactorLoop<TRows>>()
            .AddProblems();
        builder.AddReadiness<DatabaseReady>("database");
        builder.AddReadiness<ReactorState>("reactor");
        builder.AddReadiness<BrokerWatch>("kafka");
        builder.AddReadiness<ClockSkew>("clock");
    }
}
