namespace Checkout.Observer.Auditing;

/// <summary>What the audit knows of whatever a batch of events is about; and what it comes to.</summary>
public sealed class Audit(TimeSpan clockTolerance)
{
    public Dictionary<Guid, Story> Stories { get; } = [];
    public Dictionary<string, Figure> Accounts { get; } = [];
    public Dictionary<string, Figure> Stock { get; } = [];

    /// <summary>What happened that may happen once, and the position of its event.</summary>
    public Dictionary<(string What, string Key), long> Once { get; } = [];

    /// <summary>By topic and type, how many events this batch had.</summary>
    public Dictionary<(string Topic, string Name), long> Counts { get; } = [];

    /// <summary>By state, how many checkouts more there are after this batch.</summary>
    public Dictionary<string, long> States { get; } = [];

    public List<Finding> Findings { get; } = [];

    public decimal Credited { get; private set; }
    public decimal Deducted { get; private set; }
    public decimal Refunded { get; private set; }

    /// <summary>By so many coins all accounts have more.</summary>
    public decimal Balances { get; private set; }

    /// <summary>The next event of its store.</summary>
    /// <param name="passed">Up to this position of its store some event is missing or can't be read.</param>
    public void Hear(Told e, long passed)
    {
        Add(Counts, (e.Topic, e.Name));
        if (e.CheckoutId is { } id && CheckoutRules.StepOf(e.Name) != Steps.None) Tell(id, e);
        if (FigureRules.Once(e) is { } once)
        {
            if (Once.TryGetValue(once, out var before)) Findings.Add(FigureRules.Twice(e, once, before));
            else Once[once] = e.Position;
        }
        if (FigureRules.OnAccount(e) is { } account)
        {
            Sum(e, account.Change);
            if (!e.IsLate)
                Balances += Follow(Kinds.BalanceDoesNotFollow, Accounts, e, account, passed);
        }
        if (!e.IsLate && FigureRules.OnStock(e) is { } stock)
            Follow(Kinds.StockDoesNotFollow, Stock, e, stock, passed);
    }

    private void Tell(Guid id, Told e)
    {
        var isKnown = Stories.TryGetValue(id, out var story);
        var (after, findings) = CheckoutRules.Hear(story ?? new(id), e, clockTolerance);
        Stories[id] = after;
        Findings.AddRange(findings);
        if (isKnown && story!.State == after.State) return;
        if (isKnown) Add(States, story!.State, -1);
        Add(States, after.State);
    }

    /// <returns>By so much the figure is higher.</returns>
    private long Follow(string kind, Dictionary<string, Figure> figures, Told e,
        (string Of, long Change, long Says) told, long passed)
    {
        Figure? before = figures.TryGetValue(told.Of, out var known) ? known : null;
        var (after, finding) = FigureRules.Follow(kind, before, e, told, passed);
        figures[told.Of] = after;
        if (finding is not null) Findings.Add(finding);
        return after.Value - (before?.Value ?? 0);
    }

    private void Sum(Told e, long change)
    {
        // A compensation is for a checkout, and no part of what that took and gave back.
        if (CheckoutRules.StepOf(e.Name) == Steps.None) Credited += change;
        else if (change > 0) Refunded += change;
        else Deducted -= change;
    }

    private static void Add<T>(Dictionary<T, long> counts, T key, long by = 1) where T : notnull =>
        counts[key] = counts.GetValueOrDefault(key) + by;
}
