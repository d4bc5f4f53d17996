using avatarstore;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Operating;

namespace Checkout.Balance;

public static class BalanceOperators
{
    /// <summary>The file: [{"customerId": "...", "coins": 100, "reference": "..."}].</summary>
    public static readonly OperatorCommand<BalanceRows> Credit = new("credit",
        "Gives coins to customers; a reference given before to the same customer gives nothing.", text =>
        OperatorFile.Read<CreditLine>(text, Problems, line => (line.CustomerId, line.Reference)).Select(line =>
        {
            var credit = new CreditCoins(line.CustomerId, CreditCause.OPERATOR, line.Reference, line.Coins);
            return BalanceChoreography.Table.WorkOf(credit,
                EventIds.OfBusinessKey("credit", CreditCoins.BusinessKey(credit)));
        }).ToList());

    /// <summary>
    /// The file: [{"checkoutId": "...", "customerId": "...", "coins": 100, "reference": "...", "why": "..."}].
    /// </summary>
    public static readonly OperatorCommand<BalanceRows> Compensate = new("compensate",
        "Gives coins for checkouts that went wrong; a checkout and reference given before give nothing.",
        (text, who) => OperatorFile.Read<CompensationLine>(text, Problems, line => (
            line.CheckoutId.ToLowerInvariant(), line.Reference)).Select(line => new GrantCompensation(
                Guid.Parse(line.CheckoutId), line.CustomerId, line.Coins, line.Reference, who, line.Why).ToWork())
            .ToList())
    {
        Prepare = DecidedCheckouts.FindAsync,
    };

    private static IEnumerable<string?> Problems(CompensationLine line) =>
        CompensationText.Problems(line.CheckoutId, line.CustomerId, line.Coins, line.Reference, line.Why);

    private static IEnumerable<string?> Problems(CreditLine line) =>
    [
        OpaqueId.Problem("customerId", line.CustomerId),
        ExactNumber.Problem("coins", line.Coins, least: 1),
        PlainText.Problem("reference", line.Reference),
    ];

    private sealed record CompensationLine(string CheckoutId, string CustomerId, long Coins, string Reference,
        string Why);

    private sealed record CreditLine(string CustomerId, long Coins, string Reference);
}
