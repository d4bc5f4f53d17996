using System.Text.Json.Serialization;

namespace Checkout.Faults;

/// <summary>Rounds that may be counted together: the same program under the same choice of faults.</summary>
/// <param name="Commit">What the running program was built from; "+changes" at its end says there is more.</param>
/// <param name="Configuration">Release or Debug.</param>
/// <param name="Broker">Without its address.</param>
/// <param name="Selection">"all", or the words of the kinds there were to choose from.</param>
internal sealed record Series(string Commit, string Configuration, string Broker, string Selection)
{
    private const int ShortCommit = 12;

    public override string ToString()
    {
        var (revision, changes) = Commit.IndexOf('+', StringComparison.Ordinal) is >= 0 and var at
            ? (Commit[..at], Commit[at..]) : (Commit, "");
        return $"{revision[..Math.Min(ShortCommit, revision.Length)]}{changes}, {Configuration}, {Broker}, {Selection}";
    }
}

/// <summary>A finished round, as it stands in the ledger.</summary>
internal sealed record PlayedRound
{
    public const string HeldVerdict = "held";
    public const string ViolatedVerdict = "violated";

    public required DateTime Time { get; init; }

    public required string Commit { get; init; }

    public required string Configuration { get; init; }

    public required string Broker { get; init; }

    public required int Seed { get; init; }

    public required int Round { get; init; }

    public required string Selection { get; init; }

    public required IReadOnlyList<string> Faults { get; init; }

    public required IReadOnlyList<string> Kinds { get; init; }

    public required bool Alone { get; init; }

    public required string Verdict { get; init; }

    /// <summary>What did not hold, in a sentence.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Violation { get; init; }

    /// <summary>Those that were judged: none where the round was violated.</summary>
    public required int Checkouts { get; init; }

    public required long Duplicates { get; init; }

    public required double Seconds { get; init; }

    [JsonIgnore]
    public bool Held => Verdict == HeldVerdict;

    [JsonIgnore]
    public Series Series => new(Commit, Configuration, Broker, Selection);

    public static PlayedRound Of(Series series, Plan plan, TimeSpan lasted) => new()
    {
        Time = DateTime.UtcNow,
        Commit = series.Commit,
        Configuration = series.Configuration,
        Broker = series.Broker,
        Seed = plan.Seed,
        Round = plan.Round,
        Selection = series.Selection,
        Faults = [.. plan.Faults.Select(fault => fault.ToString())],
        Kinds = [.. plan.Kinds.Select(kind => kind.Word())],
        Alone = plan.Alone,
        Verdict = HeldVerdict,
        Checkouts = 0,
        Duplicates = 0,
        Seconds = Math.Round(lasted.TotalSeconds, 1),
    };

    /// <param name="what">Of a longer text, such as an exception with its stack, the first sentence is kept.</param>
    public PlayedRound ViolatedBy(string what) =>
        this with { Verdict = ViolatedVerdict, Violation = FirstSentence(what) };

    private static string FirstSentence(string text)
    {
        var line = text.Split('\n', 2)[0].Trim();
        return line.IndexOf(". ", StringComparison.Ordinal) is >= 0 and var end ? line[..end] : line;
    }
}
