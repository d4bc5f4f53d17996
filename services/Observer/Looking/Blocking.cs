using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Checkout.Chassis.Edge.Describing;
using Checkout.Observer.Asking;
using Checkout.Observer.Auditing;

namespace Checkout.Observer.Looking;

public sealed record Blocker(
    [property: Field("no-answer, not-read, parked, not-published, nothing-told or deadline-passed.",
        Example = "not-read")] string What,
    [property: Field("Whose turn it is.", Example = "balance")] string Who,
    [property: Field("In a sentence.", Example = "balance has handled store.checkouts/3 up to position 12, and this is "
        + "at 15.")] string Sentence);

/// <summary>What a checkout waits for, by name.</summary>
public static class Blocking
{
    private static readonly Dictionary<string, string[]> Triggers = new()
    {
        ["store"] = [nameof(BalanceRefunded), nameof(AvatarAssigned), nameof(DeductionRejected)],
        ["balance"] = [nameof(AssignmentRejected), nameof(CheckoutCreated)],
        ["inventory"] = [nameof(BalanceDeducted)],
    };

    /// <summary>The event that the service which is due has to answer; null where it is not there.</summary>
    public static SeenEvent? Trigger(string waitsFor, IReadOnlyList<SeenEvent> events) =>
        Triggers[waitsFor].Select(name => events.FirstOrDefault(e => e.Name == name)).OfType<SeenEvent>()
            .FirstOrDefault();

    /// <param name="topicOf">The topic on which the service tells.</param>
    /// <param name="parked">What it said of the trigger, where it is parked there.</param>
    public static IReadOnlyList<Blocker> Of(Story story, string who, SeenEvent trigger, string topicOf,
        Processes processes, Chassis.Operating.ParkedAtProgress? parked, DateTime now)
    {
        var found = new List<Blocker>();
        var answers = processes.Of(who).ToList();
        var handled = answers.SelectMany(answer => answer.Handled)
            .Where(h => h.Topic == trigger.Topic && h.Partition == trigger.Partition)
            .Select(h => (long?)h.Position).Max();
        var place = $"{trigger.Topic}/{trigger.Partition}";
        if (answers.Count == 0)
            found.Add(new("no-answer", who, $"{who} does not say how far it is{Why(processes, who)}."));
        else if (parked is not null)
            found.Add(new("parked", who, $"{who} has parked {trigger.Name} (position {trigger.Position} of "
                + $"{trigger.Topic}) since {parked.ParkedAt:u}: {parked.Reason}"));
        else if ((handled ?? 0) < trigger.Position)
            found.Add(new("not-read", who, $"{who} has handled {place} up to position {handled ?? 0}, and "
                + $"{trigger.Name} is at {trigger.Position}."));
        else if (processes.PublisherOf(topicOf) is { } tail
            && answers.Max(answer => answer.Head.Position) is var head
            && (tail.Acknowledged is not { } acknowledged || acknowledged < head))
            found.Add(new("not-published", "logtailer", $"{who} has handled {trigger.Name}, and LogTailer has not "
                + $"published position {(tail.Acknowledged ?? 0) + 1} of {topicOf} ({tail.State}"
                + $"{(tail.Reason is { } reason ? $": {reason}" : "")}); the store is at {head}."));
        else
            found.Add(new("nothing-told", who, $"{who} has handled {trigger.Name}, and nothing that it told of it is "
                + "on its topic yet."));
        if (story.ExpiresAt < now && story.State is "pending" or "funded")
            found.Add(new("deadline-passed", who, $"The deadline {story.ExpiresAt:u} has passed: "
                + (story.State == "funded" ? "the coins come back when inventory has said no."
                    : "no coins are taken any more.")));
        return found;
    }

    private static string Why(Processes processes, string who) => processes.All
        .FirstOrDefault(asked => asked.Problem is not null && (asked.Process == who
            || asked.Process.StartsWith($"{who}-", StringComparison.Ordinal))) is { Problem: { } problem }
        ? $" ({problem})" : "";
}
