using System.CommandLine;
using System.Runtime.InteropServices;
using Checkout.Chassis;
using Checkout.Local;
using Checkout.Local.Demo;
using Checkout.Local.Events;
using Checkout.Local.Pictures;
using Checkout.Local.Traces;
using Checkout.Servers;

DirectToLoopback.Install();
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

var root = new RootCommand(
    "Runs the whole checkout system on this machine: PostgreSQL, Kafka, a schema registry, " +
    "Store, Balance, Inventory, LogTailer and Observer. " +
    "Ctrl+C stops all of it.");
var options = LocalCommandLine.AddTo(root);
var demo = new Command(
    "demo",
    "Plays the stories of the checkout on the running system, or on one it starts for it, and checks what must hold.");
root.Add(demo);
var checkouts = new Option<int>("--checkouts") { Description = "How many are timed.", DefaultValueFactory = _ => 100 };
var measure = new Command("measure", "Times checkouts that are sent alone.") { checkouts };
root.Add(measure);
var checkout = new Argument<string>("id") { Description = "The checkout's id." };
var events = new Command("events", "Prints every event of a checkout, decoded, from all three stores.") { checkout };
root.Add(events);
var told = new Argument<string>("id") { Description = "The checkout's id, or its trace's." };
var trace = new Command("trace", "Prints a checkout's trace as a tree: what each step took and waited for.") { told };
root.Add(trace);
var file = new Argument<FileInfo>("file") { Description = "The SVG file to write." };
var picture = new Command("picture", "Lets two customers race for the one Palm, and draws what happened.") { file };
root.Add(picture);
var subject = new Argument<string>("customer") { Description = "Of whom it speaks (sub)." };
var scope = new Option<string?>("--scope") { Description = "A right beyond one's own: support, metrics." };
var token = new Command("token", "Prints a token that the services of this folder take, for 24 hours.")
    { subject, scope };
root.Add(token);
root.SetAction((result, _) => SaidAsync(() => LocalProgram.RunAsync(options(result), stop.Token)));
demo.SetAction((result, _) => SaidAsync(() => DemoProgram.DemoAsync(options(result), stop.Token)));
measure.SetAction((result, _) =>
    SaidAsync(() => DemoProgram.MeasureAsync(options(result), result.GetValue(checkouts), stop.Token)));
events.SetAction((result, _) =>
    SaidAsync(() => EventsProgram.RunAsync(options(result), result.GetRequiredValue(checkout), stop.Token)));
trace.SetAction((result, _) =>
    SaidAsync(() => TraceProgram.RunAsync(options(result), result.GetRequiredValue(told), stop.Token)));
picture.SetAction((result, _) =>
    SaidAsync(() => PictureProgram.RunAsync(options(result), result.GetRequiredValue(file), stop.Token)));
token.SetAction((result, _) => Console.Out.WriteLineAsync(LocalSystem.TokensIn(options(result))
    .For(result.GetRequiredValue(subject), DateTime.UtcNow, result.GetValue(scope))));
return await root.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = null });

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

static async Task<int> SaidAsync(Func<Task<int>> run)
{
    try
    {
        return await run();
    }
    catch (OperationCanceledException)
    {
        return 130;
    }
    catch (Exception e) when (e is ServerMissingException or ServerFailedException or FileNotFoundException
        or UnauthorizedAccessException)
    {
        await Console.Error.WriteLineAsync(e.Message);
        return 1;
    }
}
