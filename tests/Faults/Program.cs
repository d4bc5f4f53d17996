using System.CommandLine;
using System.Runtime.InteropServices;
using Checkout.Faults;
using Checkout.Servers;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

var root = new RootCommand("""
    The fault campaign: runs the whole system, two processes of each kind, under load, lets faults befall it that follow from a seed, and judges after every round what must
    hold. Ends with 1 at the first violation and keeps what is needed to look into it.
    """);
var rounds = new Option<int>("--rounds") { Description = "How many rounds are played.", DefaultValueFactory = _ => 5 };
var seed = new Option<int>("--seed") { Description = "The same seed plays the same faults.", DefaultValueFactory = _ => 1 };
var first = new Option<int>("--first") { Description = "The number of the first round: a round's faults follow from the seed and its number.", DefaultValueFactory = _ => 1 };
var inMemory = new Option<bool>("--in-memory-broker") { Description = "librdkafka's in-memory broker, also where KAFKA_HOME is set. It knows fewer faults." };
var folder = new Option<DirectoryInfo>("--folder") { Description = "Where data and logs are kept while a round is played, and after a violation.", DefaultValueFactory = _ => new(Path.GetFullPath(".local/faults")) };
var only = new Option<string?>("--only") { Description = $"These kinds of faults only, with commas between: {string.Join(", ", FaultKinds.All.Select(kind => kind.Word()))}." };
foreach (var option in new Option[] { rounds, seed, first, inMemory, folder, only }) root.Add(option);
root.SetAction((result, _) => RunAsync(result));
return await root.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = null });

async Task<int> RunAsync(ParseResult result)
{
    try
    {
        var isInMemory = result.GetValue(inMemory) || KafkaHome.Find() is null;
        return await new Campaign(new(result.GetValue(seed), result.GetValue(first), result.GetValue(rounds), isInMemory, result.GetRequiredValue(folder).FullName,
            KindsOf(result.GetValue(only), isInMemory)), Console.Out).RunAsync(stop.Token);
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        return 130;
    }
    catch (Exception e) when (e is ServerMissingException or ServerFailedException or FileNotFoundException or FormatException)
    {
        await Console.Error.WriteLineAsync(e.Message);
        return 2;
    }
}

static IReadOnlyList<FaultKind> KindsOf(string? words, bool isInMemory)
{
    var possible = isInMemory ? FaultKinds.InMemory : FaultKinds.All;
    if (string.IsNullOrWhiteSpace(words)) return possible;
    return [.. words.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(word =>
        FaultKinds.Parse(word) is { } kind && possible.Contains(kind) ? kind
            : throw new FormatException($"The fault {word} can't be played{(isInMemory ? " on the in-memory broker" : "")}: choose from {string.Join(", ", possible.Select(p => p.Word()))}."))];
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
