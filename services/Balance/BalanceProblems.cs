using Checkout.Chassis.Edge;

namespace Checkout.Balance;

/// <summary>What only Balance answers with; each has a page in docs/problems/.</summary>
public static class BalanceProblems
{
    public static readonly ProblemType UnknownAccount = new("unknown-account", 404, "Unknown account");

    public static readonly ProblemType CompensationDiffers =
        new("compensation-differs", 409, "Another compensation was given");

    public static readonly ProblemType BalanceFull = new("balance-full", 422, "Balance full");

    public static readonly ProblemType NotTheirCheckout = new("not-their-checkout", 422, "Not their checkout");
}
