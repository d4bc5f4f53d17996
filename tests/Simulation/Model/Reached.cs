using avatarstore.balance;
using avatarstore.store;
using Checkout.Balance;
using Checkout.Store;

namespace Checkout.Simulation.Model;

/// <summary>Counts what runs came across, so that a simulation that has become too tame is noticed.</summary>
public sealed class Reached
{
    private static readonly string[] Wanted =
    [
        "Completed", "Failed INSUFFICIENT_FUNDS", "Failed UNKNOWN_ACCOUNT", "Failed EXPIRED",
        "Refunded SOLD_OUT", "Refunded ALREADY_OWNED", "Refunded UNKNOWN_PACKAGE", "Refunded EXPIRED",
        "posts Created", "posts SameAsBefore", "posts KeyUsedForOther", "posts UnknownPackage", "posts OffSale",
        "posts OtherPrice", "compensations",
        "refund heard before the refusal", "own commit not visible yet", "records seen before", "gaps",
        "records that waited", "partitions left with records waiting",
    ];

    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public void Add(World world, Script script)
    {
        foreach (var checkout in world.Store.All(rows => rows.Checkouts).Values)
            Count($"{checkout.Status} {checkout.Reason}".TrimEnd());
        foreach (var answer in script.Answers) Count($"posts {answer.Outcome}");
        Count("compensations", script.Compensations.Count);
        var refunds = Judge.Happened(world.Balance.Chain, BalanceChoreography.Table).OfType<BalanceRefunded>()
            .Select(e => e.EventId).ToHashSet();
        Count("refund heard before the refusal",
            world.Store.Chain.Events.Count(e => e.Type == ((Avro.RecordSchema)CheckoutFailed._SCHEMA).Fullname
                && refunds.Contains(e.CausationId!.Value)));
        Count("own commit not visible yet", world.Services.Sum(service => service.NotYetVisible));
        Count("records seen before", world.Services.Sum(service => service.Seen));
        Count("gaps", world.Services.Sum(service => service.Gaps));
        Count("records that waited", world.Services.Sum(service => service.Group.Waits));
        Count("partitions left with records waiting", world.Services.Sum(service => service.LeftWaiting));
    }

    public IEnumerable<string> Missing() => Wanted.Where(wanted => _counts.GetValueOrDefault(wanted) == 0);

    public override string ToString() => string.Join(", ", _counts.Select(count => $"{count.Key}: {count.Value}"));

    private void Count(string what, int times = 1) => _counts[what] = _counts.GetValueOrDefault(what) + times;
}
