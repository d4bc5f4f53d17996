using System.Reflection;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Refilling;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
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

    /// <summary>Sections of settings that only this service has; <see cref="Configure"/> reads them.</summary>
    public IReadOnlyList<string> Sections { get; init; } = [];

    public required Action<WebApplication> Map { get; init; }

    /// <summary>What the API is about, for its document; null where there is none.</summary>
    public ApiInfo? Api { get; init; }

    public async Task<int> RunAsync(string[] args)
    {
        DirectToLoopback.Install();
        var isCommand = CommandLine.IsHelp(args)
            || (args.Length > 0 && !args[0].Contains(':', StringComparison.Ordinal) && !args[0].StartsWith('-'));
        string[] given = isCommand ? [] : args;
        if (SettingArguments.Problems(given).ToList() is { Count: > 0 } wrong) return await Serving.RefusedAsync(wrong);
        var builder = WebApplication.CreateBuilder(given);
        if (SecretsOptions.AddTo(builder.Configuration) is { } unreadable)
            return await Serving.RefusedAsync([unreadable]);
        var (settings, problems) = Settings.Read<ServiceSettings>(builder.Configuration, read =>
            isCommand ? read.Problems() : [.. read.Problems(), .. read.ServingProblems(builder)]);
        var sections = KnownSettings.Names(typeof(ServiceSettings)).Concat(Sections);
        problems = [.. choreography.Problems(), .. SettingArguments.Unknown(builder.Configuration, sections),
            .. problems, .. Configure(builder)];
        if (problems.Count > 0 && !CommandLine.NeedsNoSettings(args)) return await Serving.RefusedAsync(problems);
        Register(builder, settings, isCommand);
        var app = builder.Build();
        if (isCommand)
        {
            var owners = settings.Database.Owner() ?? settings.Database.Serving();
            Rebuild<TRows> NewRebuild() => new(choreography, owners);
            return await CommandLine.RunAsync(args, app.Services, OperatorCommands, NewRebuild,
                () => ActivatorUtilities.CreateInstance<Refill<TRows>>(app.Services, owners, NewRebuild()),
                () => Document(app));
        }

        app.UsePipeline(settings);
        var policy = settings.Management.Url is null ? Scopes.Metrics : null;
        app.MapTelemetry(policy);
        ServiceProgress<TRows>.Map(app, policy);
        MapAll(app);
        return await app.ServeAsync();
    }

    private string Document(WebApplication app)
    {
        MapAll(app);
        return ApiDocument.Of(Api ?? throw new InvalidOperationException("This service says nothing of its API."),
            ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>());
    }

    private void MapAll(WebApplication app)
    {
        Map(app);
        ParkedApi<TRows>.Map(app);
    }

    private void Register(WebApplicationBuilder builder, ServiceSettings settings, bool isCommand)
    {
        var services = builder.Services;
        var store = new EventStoreOptions(choreography.Topic, $"/{choreography.Service}/{settings.EventStore.Shard}",
            settings.EventStore.Partitions)
        { MaxEventBytes = settings.EventStore.MaxEventBytes };
        settings.Telemetry.InstanceId = settings.Kafka.InstanceId ?? settings.Telemetry.InstanceId;
        builder.AddTelemetry(choreography.Service, settings.Telemetry);
        services.AddSingleton(choreography).AddSingleton(settings.Kafka).AddSingleton(settings.Reactor)
            .AddSingleton(settings.Registry).AddSingleton(store)
            .AddSingleton(ShiftedTime.Of(Environment.GetEnvironmentVariable(ShiftedTime.Variable)))
            .AddSingleton(_ => Database.Open(settings.Database.Serving(), choreography.Service, byHand: isCommand))
            .AddSingleton<StoreHold>()
            .AddSingleton(new OwnTopic(settings.Kafka, choreography.Service, choreography.Topic))
            .AddSingleton(_ => new SchemaRegistry(settings.Registry))
            .AddSingleton<ReactorState>().AddSingleton(new Lag(TimeProvider.System))
            .AddSingleton(p =>
                new BrokerWatch(settings.Kafka.Admin(),
                    p.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), TimeProvider.System))
            .AddSingleton(p =>
                new ReactorTelemetry(p.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(),
                    choreography.Service,
                settings.Telemetry.CorrelationAttribute, p.GetRequiredService<ReactorState>(),
                p.GetRequiredService<Lag>(), [.. choreography.Topics]))
            .AddSingleton(NewDecoder)
            .AddSingleton<ClockSkew>().AddSingleton<ReactorPass<TRows>>().AddSingleton<Handling<TRows>>()
            .AddSingleton<Transactions<TRows>>().AddSingleton(p => new Freeing<TRows>(choreography, NewDecoder(p),
                p.GetRequiredService<Transactions<TRows>>(), p.GetRequiredService<NpgsqlDataSource>()))
            .AddSingleton(p => new ParkedList<TRows>(NewDecoder(p), p.GetRequiredService<NpgsqlDataSource>()))
            .AddSingleton<ParkedCommands<TRows>>().AddSingleton<ParkedApi<TRows>>()
            .AddSingleton<GroupCommit<TRows>>()
            .AddSingleton<Migrations>()
            .AddSingleton(p =>
                new DatabaseReady(p.GetRequiredService<NpgsqlDataSource>(), p.GetRequiredService<Migrations>(), store,
                    Assembly.GetEntryAssembly()!,
                choreography.ToldEvents.Select(told => told.Schema),
                p.GetRequiredService<Microsoft.Extensions.Logging.ILogger<DatabaseReady>>())
                {
                    Declared = choreography.DeclaredTables(),
                    Roles = settings.Database.Roles(),
                    Owner = settings.Database.Owner() is { } owner ? Database.Open(owner, choreography.Service) : null,
                })
            .AddSingleton(p => ActivatorUtilities.CreateInstance<BeforeAppending>(p, choreography.Service))
            .AddSingleton(p =>
                ActivatorUtilities.CreateInstance<StoreWatch>(p, choreography.Service, TimeProvider.System))
            .AddHostedService(p => p.GetRequiredService<DatabaseReady>())
            .AddHostedService(p => p.GetRequiredService<StoreWatch>())
            .AddHostedService(p => p.GetRequiredService<GroupCommit<TRows>>())
            .AddHostedService(p => p.GetRequiredService<BrokerWatch>())
            .AddHostedService<ReactorLoop<TRows>>();
        services.AddHostedService<ParkedGauge<TRows>>();
        services.AddSingleton(p =>
            ActivatorUtilities.CreateInstance<StateComparison<TRows>>(p, settings.Database.Serving(),
            TimeProvider.System)).AddHostedService(p => p.GetRequiredService<StateComparison<TRows>>());
        builder.AddPipeline(settings);
        builder.AddReadiness<DatabaseReady>("database");
        builder.AddReadiness<StoreWatch>("store");
        builder.AddReadiness<ReactorState>("reactor");
        builder.AddReadiness<BrokerWatch>("kafka");
        builder.AddReadiness<ClockSkew>("clock");
        builder.AddReadiness<StateComparison<TRows>>("state");

        // It reads for one at a time: the reactor has one, and operators have theirs.
        Decoder<TRows> NewDecoder(IServiceProvider p) => new(choreography, p.GetRequiredService<SchemaRegistry>(),
            settings.Reactor.ClockTolerance);
    }
}
