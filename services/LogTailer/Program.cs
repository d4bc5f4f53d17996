using System.Diagnostics.Metrics;
using Checkout.Chassis;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Telemetry;
using Checkout.LogTailer;
using Checkout.LogTailer.Operating;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Verifying;

var isCommand = CommandLine.IsHelp(args) || args is ["verify", ..];
var builder = WebApplication.CreateBuilder(isCommand ? [] : args);
var (options, faults) = Settings.Read<TailerOptions>(builder.Configuration, o => o.Faults());
if (faults.Count > 0 && !CommandLine.IsHelp(args))
{
    foreach (var sentence in faults) await Console.Error.WriteLineAsync(sentence);
    return 2;
}
if (isCommand) return await VerifyCommand.RunAsync(args, options);
TailStatus[] statuses = [.. options.Stores.Select(store => new TailStatus(store.Name, TimeProvider.System))];
builder.AddTelemetry("logtailer", options.Telemetry, SendTelemetry.SourceName);
// Readiness is told by itself and by the state's own line; this category would say it again at every probe.
builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
builder.AddReadiness<Readiness>("tails");
builder.AddReadiness<BrokerWatch>("kafka");
builder.Services
    .AddSingleton(options)
    .AddSingleton(options.Watch)
    .AddSingleton(p =>
        new BrokerWatch(options.Kafka.Admin(), p.GetRequiredService<IMeterFactory>(), TimeProvider.System))
    .AddSingleton<IReadOnlyList<TailStatus>>(statuses)
    .AddSingleton(TimeProvider.System)
    .AddSingleton(new TailerMetrics(statuses))
    .AddSingleton(new SchemaRegistry(options.Registry))
    .AddHostedService(p => p.GetRequiredService<BrokerWatch>())
    .AddHostedService<Tails>();
var app = builder.Build();
app.MapTelemetry();
await app.RunAsync();
return 0;
