using Checkout.Balance;
using Checkout.Chassis;
using Checkout.Chassis.Choreography;

return await new Service<AccountCommand>(BalanceChoreography.Table, _ => () => new AccountBatch(), AccountBatch.Tables)
{
    OperatorCommands = { BalanceOperators.Credit },
    Map = BalanceApi.Map,
}.RunAsync(args);
