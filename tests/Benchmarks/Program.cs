using System.CommandLine;
using Checkout.Benchmarks;

var seconds = new Option<int>("--seconds")
{
    Description = "How long each rate is held.",
    DefaultValueFactory = _ => 60
};
var events = new Option<int>("--events")
{
    Description = "Events in each of the three stores.",
    DefaultValueFactory = _ => 300_000
};
var inMemory = new Option<bool>("--in-memory-broker")
{
    Description = "Only librdkafka's in-memory broker, also where KAFKA_HOME is set.",
    Recursive = true
};
var tailer = new Command("tailer", "LogTailer beside Debezium: from commit to the topic, at rising rates.") { seconds };
var republish = new Command("republish",
    "Three event stores into empty topics, beside the broker's own limit.") { events };
var rounds = new Option<int>("--rounds") { Description = "How often each is done.", DefaultValueFactory = _ => 10 };
var takeover = new Command("takeover",
    "From the active tailer's death, or freezing, until the one on standby publishes.") { rounds };
tailer.SetAction((parsed, cancel) =>
    TailerBenchmark.RunAsync(TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(inMemory), cancel));
republish.SetAction((parsed, cancel) =>
    RepublishBenchmark.RunAsync(parsed.GetValue(events), parsed.GetValue(inMemory), cancel));
takeover.SetAction((parsed, cancel) =>
    TakeoverBenchmark.RunAsync(parsed.GetValue(rounds), parsed.GetValue(inMemory), cancel));
var streams = new Option<int>("--streams")
{
    Description = "Streams that are open all the time.",
    DefaultValueFactory = _ => 1_000
};
var stream = new Command("streams", "Open streams on one instance of Store: memory, and from event to client.")
{ streams };
stream.SetAction((parsed, cancel) =>
    StreamsBenchmark.RunAsync(parsed.GetValue(streams), parsed.GetValue(inMemory), cancel));
var times = new Option<int>("--times")
{
    Description = "How many times what the machine completes is asked for.",
    DefaultValueFactory = _ => 3
};
var overload = new Command("overload",
    "More checkouts are posted than the machine completes: how long those take that are accepted.")
{ seconds, times };
overload.SetAction((parsed, cancel) => OverloadBenchmark.RunAsync(TimeSpan.FromSeconds(parsed.GetValue(seconds)),
    parsed.GetValue(times), parsed.GetValue(inMemory), cancel));
var observer = new Command("observer",
    "What the Observer judges beside a system under load, and what it can alone.") { seconds };
observer.SetAction((parsed, cancel) =>
    ObserverBenchmark.RunAsync(TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(inMemory), cancel));
var root = new RootCommand("Measures this system against its peers, side by side in one run. Nothing is asserted.") {
    tailer, republish, takeover, stream, overload, observer, inMemory };
return await root.Parse(args).InvokeAsync();
