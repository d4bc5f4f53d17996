using avatarstore;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Operating;

namespace Checkout.Balance;

public static class BalanceOperators
{
    /// <summary>The file: [{"customerId": "...", "coins": 100, "reference": "..."}].</summary>
    public static readonly OperatorCommand<AccountCommand> Credit = new("credit", "Gives coins to customers; a reference given before to the same customer gives nothing.", text =>
        OperatorFile.Read<CreditLine>(text).Select(line =>
        {
            var known = BalanceChoreography.Known(line.CustomerId, line.Reference);
            return new Work<AccountCommand>(new CreditCoins(line.CustomerId, line.Coins, CreditCause.OPERATOR, line.Reference), EventIds.OfBusinessKey("credit", known), "credit", null);
        }).ToList());

    private sealed record CreditLine(string CustomerId, long Coins, string Reference);
}
