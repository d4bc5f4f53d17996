using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;

namespace Checkout.Observer.Auditing;

/// <summary>
/// What must hold of one checkout, whatever order its events are read in. What is judged when an event comes holds
/// whatever else is yet to be read; what speaks of an event that is not there is judged when all is read.
/// </summary>
public static class CheckoutRules
{
    private static readonly Dictionary<string, Steps> ByName = new()
    {
        [nameof(CheckoutCreated)] = Steps.Created,
        [nameof(BalanceDeducted)] = Steps.Deducted,
        [nameof(DeductionRejected)] = Steps.DeductionRejected,
        [nameof(AvatarAssigned)] = Steps.Assigned,
        [nameof(AssignmentRejected)] = Steps.AssignmentRejected,
        [nameof(BalanceRefunded)] = Steps.CoinsBack,
        [nameof(CheckoutCompleted)] = Steps.Completed,
        [nameof(CheckoutFailed)] = Steps.Failed,
        [nameof(CheckoutRefunded)] = Steps.Refunded,
    };

    /// <summary>Where both are there, two services contradict each other, or one itself.</summary>
    private static readonly (Steps One, Steps Other)[] Contrary =
    [
        (Steps.Deducted, Steps.DeductionRejected), (Steps.Assigned, Steps.AssignmentRejected),
        (Steps.Completed, Steps.Failed), (Steps.Completed, Steps.Refunded), (Steps.Completed, Steps.AssignmentRejected),
        (Steps.Completed, Steps.DeductionRejected), (Steps.Completed, Steps.CoinsBack), (Steps.Assigned, Steps.Failed),
        (Steps.Assigned, Steps.DeductionRejected), (Steps.Assigned, Steps.CoinsBack),
        (Steps.Assigned, Steps.Refunded), (Steps.AssignmentRejected, Steps.DeductionRejected),
        (Steps.CoinsBack, Steps.DeductionRejected), (Steps.Refunded, Steps.DeductionRejected),
    ];

    /// <summary>What each follows from; of those of one line one is enough.</summary>
    private static readonly (Steps Effect, Steps Causes)[] Follows =
    [
        (Steps.Deducted, Steps.Created), (Steps.DeductionRejected, Steps.Created), (Steps.Assigned, Steps.Deducted),
        (Steps.AssignmentRejected, Steps.Deducted), (Steps.CoinsBack, Steps.AssignmentRejected),
        (Steps.Completed, Steps.Assigned), (Steps.Failed, Steps.DeductionRejected | Steps.AssignmentRejected),
        (Steps.Refunded, Steps.CoinsBack), (Steps.Refunded, Steps.Failed),
    ];

    public static Steps StepOf(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The story with this event in it, and what can't be.</summary>
    /// <param name="tolerance">So far clocks may be apart where a deadline is judged.</param>
    public static (Story Story, IReadOnlyList<Finding> Findings) Hear(Story story, Told e, TimeSpan tolerance)
    {
        var step = StepOf(e.Name);
        if (step == Steps.None) return (story, []);
        var findings = new List<Finding>();
        void Say(string kind, string what) => findings.Add(new(kind, $"{story.CheckoutId}", what)
        {
            CheckoutId = story.CheckoutId,
        });
        if (story.Has(step)) Say(Kinds.StepTwice, $"{e.Name} is there twice.");
        foreach (var other in Contrary.Where(pair => (pair.One | pair.Other).HasFlag(step)).Select(pair =>
            pair.One == step ? pair.Other : pair.One).Where(story.Has))
            Say(Kinds.StepsContradict, $"{e.Name} and {NameOf(other)} can't both be.");
        foreach (var (field, before, now) in new (string, object?, object?)[]
        {
            ("customerId", story.CustomerId, e.CustomerId), ("sku", story.Sku, e.Sku),
            ("priceCoins", story.PriceCoins, e.PriceCoins), ("expiresAt", story.ExpiresAt, e.ExpiresAt),
        })
            if (before is not null && now is not null && !before.Equals(now))
                Say(Kinds.FieldsDiffer, $"{field} is {now} on {e.Name}, and {before} on another event.");
        if (step is Steps.Deducted && story.RefundDue == false)
            Say(Kinds.StepsContradict, "Coins were taken, and CheckoutFailed says that none are to come back.");
        if (step is Steps.Failed && e.RefundDue is { } due
            && story.Has(due ? Steps.DeductionRejected : Steps.Deducted | Steps.CoinsBack))
            Say(Kinds.StepsContradict, due ? "CheckoutFailed has coins due that were never taken."
                : "CheckoutFailed has no coins due, and some were taken.");
        var next = With(story, step, e);
        if (next.Seen.HasFlag(Steps.CoinsBack | Steps.Deducted) && next.RefundedCoins != next.DeductedCoins)
            Say(Kinds.CoinsNotConserved, $"{next.DeductedCoins} coins were taken and {next.RefundedCoins} came back.");
        if (next.ToldRefundCoins is { } told && next.Has(Steps.CoinsBack) && told != next.RefundedCoins)
            Say(Kinds.FieldsDiffer, $"CheckoutRefunded tells of {told} coins, and {next.RefundedCoins} came back.");
        if (next.DecidedAt - tolerance > next.ExpiresAt)
            Say(Kinds.AfterDeadline, $"It was decided at {next.DecidedAt:O}, and the deadline is {next.ExpiresAt:O}.");
        return (next with { OddSince = Odd(next).Any() ? next.OddSince ?? e.ReadAt : null }, findings);
    }

    /// <summary>To be asked when everything that was on the topics after its last event was read, is read.</summary>
    public static IEnumerable<Finding> WhenAllIsRead(Story story) => Odd(story).Select(odd =>
        new Finding(Kinds.EffectWithoutCause, $"{story.CheckoutId}",
            $"{NameOf(odd.Effect)} is there, and what it follows from is not: "
                + string.Join(" or ", Enum.GetValues<Steps>().Where(s => s != Steps.None && odd.Causes.HasFlag(s))
                    .Select(NameOf)) + ".")
        { CheckoutId = story.CheckoutId }).Take(1);

    private static IEnumerable<(Steps Effect, Steps Causes)> Odd(Story story) =>
        Follows.Where(rule => story.Has(rule.Effect) && !story.Has(rule.Causes));

    private static Story With(Story story, Steps step, Told e) => story with
    {
        Seen = story.Seen | step,
        CustomerId = story.CustomerId ?? e.CustomerId,
        Sku = story.Sku ?? e.Sku,
        PriceCoins = story.PriceCoins ?? e.PriceCoins,
        ExpiresAt = story.ExpiresAt ?? e.ExpiresAt,
        CreatedAt = step is Steps.Created ? story.CreatedAt ?? e.OccurredAt : story.CreatedAt,
        DeductedCoins = story.DeductedCoins + (step is Steps.Deducted ? e.PriceCoins ?? 0 : 0),
        RefundedCoins = story.RefundedCoins + (step is Steps.CoinsBack ? e.Number("refundedCoins") ?? 0 : 0),
        ToldRefundCoins = step is Steps.Refunded ? e.Number("refundedCoins") : story.ToldRefundCoins,
        DecidedAt = step is Steps.Deducted or Steps.Assigned && !(story.DecidedAt > e.OccurredAt) ? e.OccurredAt
            : story.DecidedAt,
        RefundDue = step is Steps.Failed ? e.RefundDue : story.RefundDue,
        Reason = story.Reason ?? e.Text("reason"),
        EndedAt = story.EndedAt ?? (step is Steps.Completed or Steps.Refunded
            || (step is Steps.Failed && e.RefundDue == false) ? e.OccurredAt : null),
        LastAt = story.LastAt > e.OccurredAt ? story.LastAt : e.OccurredAt,
    };

    private static string NameOf(Steps step) => ByName.First(named => named.Value == step).Key;
}
