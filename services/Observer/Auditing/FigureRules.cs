using avatarstore.balance;
using avatarstore.inventory;

namespace Checkout.Observer.Auditing;

/// <summary>A running figure, and the position of the event that says it.</summary>
public readonly record struct Figure(long Value, long Position);

/// <summary>
/// Each event's running figure follows from the one before it of the same account or package, in the order of the
/// store's positions. Where something between may be missing, it is believed and nothing is said.
/// </summary>
public static class FigureRules
{
    /// <summary>What the sum of all coins is about; once it is wrong it stays so, and is said once.</summary>
    public const string All = "all";

    /// <summary>What the event did to its account, and the balance it says; null where it says none.</summary>
    public static (string Of, long Change, long Says)? OnAccount(Told e) =>
        (e.CustomerId, e.Number("balanceCoins")) switch
        {
            ({ } of, { } says) when e.Name == nameof(BalanceCredited) => (of, e.Number("creditedCoins") ?? 0, says),
            ({ } of, { } says) when e.Name == nameof(CompensationGranted) => (of, e.Number("grantedCoins") ?? 0, says),
            ({ } of, { } says) when e.Name == nameof(BalanceDeducted) => (of, -(e.PriceCoins ?? 0), says),
            ({ } of, { } says) when e.Name == nameof(BalanceRefunded) => (of, e.Number("refundedCoins") ?? 0, says),
            ({ } of, { } says) when e.Name == nameof(DeductionRejected) => (of, 0, says),
            _ => null,
        };

    public static (string Of, long Change, long Says)? OnStock(Told e) => e.Name switch
    {
        nameof(AvatarAssigned) when e.Sku is { } of => (of, -1, e.Number("remainingStock") ?? 0),
        nameof(StockAdded) when e.Sku is { } of => (of, e.Number("quantity") ?? 0, e.Number("stock") ?? 0),
        _ => null,
    };

    /// <summary>The figure after this event, and what can't be.</summary>
    /// <param name="before">Null where nothing was said of it before.</param>
    /// <param name="passed">Up to this position of the store some event is missing, or can't be read.</param>
    public static (Figure After, Finding? Finding) Follow(string kind, Figure? before, Told e,
        (string Of, long Change, long Says) told, long passed)
    {
        var after = new Figure(told.Says, e.Position);
        var isWhole = passed <= (before?.Position ?? 0);
        var expected = (before?.Value ?? 0) + told.Change;
        var what = isWhole && told.Says != expected
            ? $"{told.Of} had {before?.Value ?? 0}, {e.Name} changes it by {told.Change}, and says {told.Says}."
            : told.Says < 0 ? $"{told.Of} is at {told.Says} after {e.Name}." : null;
        if (what is null) return (after, null);
        (string, long)[] places = before is { } known ? [(e.Topic, known.Position), (e.Topic, e.Position)]
            : [(e.Topic, e.Position)];
        return (after, new(kind, $"{told.Of} at {e.Position}", what) { Places = places });
    }

    /// <summary>What this event says to have happened, that may happen once.</summary>
    public static (string What, string Key)? Once(Told e) => e.Name switch
    {
        nameof(BalanceCredited) => ("credit", $"{e.CustomerId} {e.Key("cause")} {e.Key("reference")}"),
        nameof(CompensationGranted) => ("compensation", $"{e.CheckoutId} {e.Key("reference")}"),
        nameof(StockAdded) => ("delivery", $"{e.Sku} {e.Key("reference")}"),
        nameof(AvatarAssigned) => ("owning", $"{e.CustomerId} {e.Sku}"),
        _ => null,
    };

    /// <param name="before">The position of the event that said it first.</param>
    public static Finding Twice(Told e, (string What, string Key) once, long before) =>
        new(Kinds.HappenedTwice, $"{once.What} {once.Key}",
            $"The same {once.What} ({once.Key}) is there twice, at {before} and {e.Position}.")
        { Places = [(e.Topic, before), (e.Topic, e.Position)] };

    /// <summary>Coins in all. Nothing is said where an event is missing or can't be read.</summary>
    public static Finding? InAll(decimal credited, decimal deducted, decimal refunded, decimal balances) =>
        credited - deducted + refunded == balances ? null
            : new(Kinds.CoinsNotConserved, All,
                $"{credited} coins came in, {deducted} were taken and {refunded} came back, and all accounts have "
                    + $"{balances}.");
}
