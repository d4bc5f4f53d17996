using Checkout.Balance;
using Checkout.Chassis;

return await new Service<BalanceRows>(BalanceChoreography.Table)
{
    OperatorCommands = { BalanceOperators.Credit, BalanceOperators.Compensate },
    Api = new("Avatar store: balances", "The customers' coins. What GET answers HEAD answers too, without the body.",
        ("balances", "How many coins a customer has."),
        ("compensations", "Coins for a checkout that went wrong, for operators with the scope support.")),
    Map = BalanceApi.Map,
}.RunAsync(args);
