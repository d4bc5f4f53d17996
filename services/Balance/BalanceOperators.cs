using avatarstore;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Operating;

namespace Checkout.Balance;

public static class BalanceOperators
{
    /// <summary>The file: [{"customerId": "...", "coins": 100, "reference": "..."}].</summary>
    public static readonly OperatorCommand<BalanceRows> Credit = new("credit",
        "Gives coins to customers; a reference given before to the same customer gives nothing.", text =>
        OperatorFile.Read<CreditLine>(text).Select(line =>
        {
            var credit = new CreditCoins(line.CustomerId, CreditCause.OPERATOR, line.Reference, line.Coins);
            return BalanceChoreography.Table.WorkOf(credit,
                EventIds.OfBusinessKey("credit", CreditCoins.BusinessKey(credit)));
        }).ToList());

    private sealed record CreditLine(string CustomerId, long Coins, string Reference);
}
