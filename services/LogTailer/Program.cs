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

DirectToLoopback.Install();
var isCommand = CommandLine.IsHelp(args) || args is ["verify", ..];
string[] given = isCommand ? [] : args;
if (SettingArguments.Problems(given).ToList() is { Count: > 0 } wrong) return Refused(wrong);
var builder = WebApplication.CreateBuilder(given);
if (SecretsOptions.AddTo(builder.Configuration) is { } unreadable) return Refused([unreadable]);
var (options, faults) = Settings.Read<TailerOptions>(builder.Configuration, o => o.Faults());
faults = [.. SettingArguments.Unknown(builder.Configuration, KnownSettings.Names(typeof(TailerOptions))), .. faults];
if (faults.Count > 0 && !CommandLine.IsHelp(args)) return Refused(faults);
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
    // Made when somebody listens, since its counters begin at 0.
    .AddSingleton(_ => new TailerMetrics(statuses))
    .AddSingleton(new SchemaRegistry(options.Registry))
    .AddHostedService(p => p.GetRequiredService<BrokerWatch>())
    .AddSingleton<Tails>()
    .AddHostedService(p => p.GetRequiredService<Tails>());
var app = builder.Build();
app.MapTelemetry();
TailsProgress.Map(app);
var tails = app.Services.GetRequiredService<Tails>();
await app.RunAsync();
return tails.Unusable is { } unusable ? Refused([unusable]) : 0;

static int Refused(IEnumerable<string> sentences)
{
    foreach (var sentence in sentences) Console.Error.WriteLine(sentence);
    return 2;
}
