using System.Globalization;

namespace Checkout.Faults;

/// <summary>What rounds that were played come to, as Markdown.</summary>
internal static class Summary
{
    /// <summary>A part for each series, the oldest first.</summary>
    public static IEnumerable<string> OfLedger(LedgerContents ledger)
    {
        foreach (var series in ledger.Rounds.GroupBy(r => r.Series).OrderBy(s => s.Min(r => r.Time)))
        {
            yield return $"### {series.Key}";
            yield return "";
            foreach (var line in Totals([.. series])) yield return line;
            yield return "";
            foreach (var line in OfKinds([.. series])) yield return line;
            yield return "";
            foreach (var round in series.Where(r => !r.Held)) yield return Violation(round);
            if (series.Any(r => !r.Held)) yield return "";
        }
        if (ledger.Unreadable > 0) yield return $"Lines of the ledger that could not be read: {ledger.Unreadable}";
    }

    /// <summary>A line a kind. A round of several kinds is in each one's line.</summary>
    public static IEnumerable<string> OfKinds(IReadOnlyList<PlayedRound> rounds)
    {
        if (rounds.Count == 0) yield break;
        yield return "| kind | rounds | alone | violated | median s | longest s |";
        yield return "| --- | ---: | ---: | ---: | ---: | ---: |";
        foreach (var kind in FaultKinds.All.Select(kind => kind.Word()))
        {
            var its = rounds.Where(r => r.Kinds.Contains(kind)).ToList();
            if (its.Count > 0) yield return OfKind(kind, its);
        }
    }

    private static IEnumerable<string> Totals(IReadOnlyList<PlayedRound> rounds)
    {
        yield return "| held | violated | alone | checkouts | duplicates | minutes | seeds and their rounds |";
        yield return "| ---: | ---: | ---: | ---: | ---: | ---: | --- |";
        yield return string.Create(CultureInfo.InvariantCulture,
            $"| {rounds.Count(r => r.Held)} | {rounds.Count(r => !r.Held)} | {rounds.Count(r => r.Alone)} "
            + $"| {rounds.Sum(r => r.Checkouts)} | {rounds.Sum(r => r.Duplicates)} "
            + $"| {rounds.Sum(r => r.Seconds) / 60:F1} | {Seeds(rounds)} |");
    }

    /// <summary>3: 1-25, 30; 7: 1-3.</summary>
    private static string Seeds(IEnumerable<PlayedRound> rounds) => string.Join("; ", rounds.GroupBy(r => r.Seed)
        .Select(its => string.Create(CultureInfo.InvariantCulture, $"{its.Key}: {Ranges(its.Select(r => r.Round))}")));

    private static string OfKind(string kind, IReadOnlyList<PlayedRound> rounds) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {kind} | {rounds.Count} | {rounds.Count(r => r.Alone)} | {rounds.Count(r => !r.Held)} "
        + $"| {Median([.. rounds.Select(r => r.Seconds).Order()]):F1} | {rounds.Max(r => r.Seconds):F1} |");

    private static string Violation(PlayedRound round) => string.Create(CultureInfo.InvariantCulture,
        $"- Violated: round {round.Round} of seed {round.Seed} ({string.Join(", ", round.Faults)}): {round.Violation}");

    private static double Median(double[] ordered) =>
        (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;

    private static string Ranges(IEnumerable<int> rounds)
    {
        var ranges = new List<(int From, int To)>();
        foreach (var round in rounds.Distinct().Order())
        {
            if (ranges.Count > 0 && ranges[^1].To == round - 1) ranges[^1] = (ranges[^1].From, round);
            else ranges.Add((round, round));
        }
        return string.Join(", ", ranges.Select(r => r.From == r.To ? $"{r.From}" : $"{r.From}-{r.To}"));
    }
}
