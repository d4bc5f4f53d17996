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

    private static IEnumerable<string?> Problems(CreditLine line) =>
    [
        OpaqueId.Problem("customerId", line.CustomerId),
        ExactNumber.Problem("coins", line.Coins, least: 1),
        PlainText.Problem("reference", line.Reference),
    ];

    private sealed record CreditLine(string CustomerId, long Coins, string Reference);
}
