using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;

namespace Checkout.Store.Checkouts;

/// <summary>
/// The steps of a checkout in the order in which one led to the other. Their times are of three machines' clocks, and
/// by them alone a story may run backwards.
/// </summary>
public static class Timeline
{
    /// <summary>Those of one line are answers to the same, or to each other's alternatives.</summary>
    private static readonly string[][] Story =
    [
        [nameof(CheckoutCreated)],
        [nameof(BalanceDeducted), nameof(DeductionRejected)],
        [nameof(AvatarAssigned), nameof(AssignmentRejected)],
        [nameof(CheckoutFailed), nameof(BalanceRefunded)],
        [nameof(CheckoutCompleted), nameof(CheckoutRefunded)],
    ];

    private static readonly Dictionary<string, int> Places =
        Story.SelectMany((names, place) => names.Select(name => (name, place))).ToDictionary();

    /// <summary>A step that only a later version knows comes last.</summary>
    public static List<TimelineEntry> InOrder(IEnumerable<TimelineEntry> steps) =>
        [.. steps.OrderBy(step => Places.GetValueOrDefault(step.Event, Story.Length)).ThenBy(step => step.At)];
}
