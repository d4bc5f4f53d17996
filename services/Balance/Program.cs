using Checkout.Balance;
using Checkout.Chassis;

return await new Service<BalanceRows>(BalanceChoreography.Table)
{
    OperatorCommands = { BalanceOperators.Credit },
    Map = BalanceApi.Map,
}.RunAsync(args);
