using avatarstore;
using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Tests.Running;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Checkout.Chassis.Tests.Choreography;

public sealed class TransactionsTests(Stage stage)
{
    /// <summary>
    /// The row is made by one writer between the locking and the reading statement of another, and changed by a third
    /// before the other writes it.
    /// </summary>
    [Fact]
    public async Task Writers_that_meet_on_a_row_that_is_just_being_made_lose_nothing()
    {
        const int customers = 30, writers = 6;
        await using var database = Database.Open(await stage.Postgres.NewDatabaseAsync(), "balance");
        var table = BalanceChoreography.Table;
        await new Migrations(NullLogger<Migrations>.Instance).RunAsync(
            database, new(table.Topic, "/balance/0", 12), typeof(BalanceRows).Assembly,
            table.ToldEvents.Select(t => t.Schema), CancellationToken.None);
        var transactions = new Transactions<BalanceRows>(
            table, new(table.Topic, "/balance/0", 12), database, TimeProvider.System,
            NullLogger<Transactions<BalanceRows>>.Instance);
        using var together = new Barrier(writers);
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Factory.StartNew(() =>
        {
            for (var customer = 0; customer < customers; customer++)
            {
                together.SignalAndWait();
                CreditAsync(transactions, $"customer-{customer}", $"by-{writer}").GetAwaiter().GetResult();
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        await using var connection = await database.OpenConnectionAsync();
        Assert.Equal((customers, writers, writers), await connection.QuerySingleAsync<(long, long, long)>(
            "SELECT count(*), min(coins), max(coins) FROM accounts"));
    }

    private static async Task CreditAsync(Transactions<BalanceRows> transactions, string customer, string reference)
    {
        var work = BalanceChoreography.Table.WorkOf(
            new CreditCoins(customer, CreditCause.OPERATOR, reference, 1), EventIds.OfBusinessKey(customer, reference));
        await transactions.RunAsync([work], CancellationToken.None);
        Assert.Null(work.Fault);
    }
}
