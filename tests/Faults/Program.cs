using System.CommandLine;
using System.Runtime.InteropServices;
using Checkout.Faults;
using Checkout.Servers;

const int DefaultRounds = 5;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

var root = new RootCommand("""
    The fault campaign: runs the whole system, two processes of each kind, under load, lets faults befall it that
    follow from a seed, and judges after every round what must hold. Ends with 1 at the first violation and keeps what
    is needed to look into it.
    """);
var rounds = new Option<int?>("--rounds")
{
    Description = $"How many rounds are played; {DefaultRounds} where nothing is said.",
};
var total = new Option<int?>("--total")
{
    Description = "In place of --rounds: plays until the ledger has so many rounds of this commit, configuration, "
        + "broker and --only that held, those of other runs among them. With --seed it goes on after that seed's last.",
};
var seed = new Option<int?>("--seed")
{
    Description = "The same seed plays the same faults; from the clock where nothing is said.",
};
var first = new Option<int>("--first")
{
    Description = "The number of the first round: a round's faults follow from the seed and its number.",
    DefaultValueFactory = _ => 1,
};
var inMemory = new Option<bool>("--in-memory-broker")
{
    Description = "librdkafka's in-memory broker, also where KAFKA_HOME is set. It knows fewer faults.",
};
var folder = new Option<DirectoryInfo>("--folder")
{
    Description = "Where data and logs are kept while a round is played, and after a violation.",
    DefaultValueFactory = _ => new(Path.GetFullPath(".local/faults")),
};
var only = new Option<string?>("--only")
{
    Description = $"These kinds of faults only, with commas between: {Words(FaultKinds.All)}.",
};
var ledger = new Option<FileInfo>("--ledger")
{
    Description = "Where every finished round is written down, one JSON line each. Several campaigns may share it.",
    DefaultValueFactory = _ => new(Path.GetFullPath(".local/faults/ledger.jsonl")),
    Recursive = true,
};
foreach (var option in new Option[] { rounds, total, seed, first, inMemory, folder, only, ledger }) root.Add(option);
root.SetAction((result, _) => RunAsync(result));
var show = new Command("ledger", "What the ledger holds, in Markdown: a part a commit, build, broker and --only.");
show.SetAction((result, _) => ShowAsync(new(result.GetRequiredValue(ledger).FullName)));
root.Add(show);
return await root.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = null });

async Task<int> RunAsync(ParseResult result)
{
    try
    {
        var campaign = new Campaign(OptionsOf(result), new(result.GetRequiredValue(ledger).FullName), Console.Out);
        return await campaign.RunAsync(stop.Token);
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        return 130;
    }
    catch (Exception e) when (e
        is ServerMissingException or ServerFailedException or FileNotFoundException or FormatException)
    {
        await Console.Error.WriteLineAsync(e.Message);
        return 2;
    }
}

CampaignOptions OptionsOf(ParseResult result)
{
    if (result.GetValue(rounds) is not null && result.GetValue(total) is not null)
        throw new FormatException("Give --rounds or --total, not both: --total plays until the ledger holds so many.");
    foreach (var option in new Option<int?>[] { rounds, total })
        if (result.GetValue(option) is < 1) throw new FormatException($"{option.Name} must be at least 1.");
    if (result.GetValue(first) < 1) throw new FormatException("--first must be at least 1.");
    var isInMemory = result.GetValue(inMemory) || KafkaHome.Find() is null;
    return new(
        result.GetValue(seed) ?? SeedOfClock(),
        result.GetValue(first),
        result.GetValue(rounds) ?? DefaultRounds,
        result.GetValue(total),
        isInMemory,
        result.GetRequiredValue(folder).FullName,
        KindsOf(result.GetValue(only), isInMemory));
}

static int SeedOfClock() => unchecked((int)DateTimeOffset.UtcNow.ToUnixTimeSeconds());

static IReadOnlyList<FaultKind> KindsOf(string? words, bool isInMemory)
{
    var possible = CampaignOptions.Possible(isInMemory);
    if (string.IsNullOrWhiteSpace(words)) return possible;
    var where = isInMemory ? " on the in-memory broker" : "";
    // In one order, so that the same choice in other words is the same series and plays the same.
    return [.. words.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(word => FaultKinds.Parse(word) is { } kind && possible.Contains(kind) ? kind
            : throw new FormatException($"The fault {word} can't be played{where}: choose from {Words(possible)}."))
        .Distinct().Order()];
}

static string Words(IEnumerable<FaultKind> kinds) => string.Join(", ", kinds.Select(kind => kind.Word()));

static async Task<int> ShowAsync(Ledger ledger)
{
    foreach (var line in Summary.OfLedger(ledger.Read()).DefaultIfEmpty($"{ledger.File} holds no rounds."))
        await Console.Out.WriteLineAsync(line);
    return 0;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
