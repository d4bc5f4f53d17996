using avatarstore.balance;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.State;
using Xunit;

namespace Checkout.Chassis.Tests.Choreography;

/// <summary>
/// A table that does not hang together is told before the service starts; what only a decision shows is a fault.
/// </summary>
public sealed class ChoreographyTests
{
    [Fact]
    public void A_table_in_which_every_row_leads_to_what_is_told_has_no_problems() => Assert.Empty(Till()
        .On<CheckoutCreated>("checkouts", "pay", Nothing, typeof(BalanceDeducted))
        .Tells<BalanceDeducted>(Key, of: null, Change.Nothing).Problems());

    [Fact]
    public void An_event_that_a_row_leads_to_and_that_is_not_told_is_a_problem() => Assert.Equal(
        ["till's pay may lead to BalanceDeducted, for which there is no row under Tells."],
        Till().On<CheckoutCreated>("checkouts", "pay", Nothing, typeof(BalanceDeducted)).Problems());

    [Fact]
    public void An_event_that_is_told_and_that_no_row_leads_to_is_a_problem() => Assert.Equal(
        ["till tells BalanceDeducted, and none of its rows leads to it."],
        Till()
            .On<CheckoutCreated>("checkouts", "pay", Nothing)
            .Tells<BalanceDeducted>(Key, of: null, Change.Nothing).Problems());

    [Fact]
    public void Two_rows_of_one_name_are_a_problem() => Assert.Equal(
        ["till has two rows named pay; the ids of their events could be the same."],
        Till().On<CheckoutCreated>("checkouts", "pay", Nothing).Take<Pay>("pay", (_, _) => []).Problems());

    [Fact]
    public void A_decision_that_tells_what_its_row_does_not_name_is_a_fault_and_has_no_effect() => Assert.Equal(
        "pay decided a BalanceRefunded, which its row of the choreography does not name.",
        FaultOf(Till().Tells<BalanceRefunded>(e => e.CustomerId, of: null, Change.Nothing)));

    [Fact]
    public void A_decision_that_tells_what_the_service_does_not_is_a_fault_and_has_no_effect() => Assert.Equal(
        "till decided a BalanceRefunded, which its choreography does not list under Tells.", FaultOf(Till()));

    [Fact]
    public void A_command_that_is_not_in_the_table_is_an_error()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Till().WorkOf(new Pay("anna"), Guid.Empty));
        Assert.Equal("till does not take a Pay.", error.Message);
    }

    /// <summary>Of a decision that writes a row, tells what its row of the table names, and what it does not.</summary>
    private static string? FaultOf(Choreography<TillRows> till)
    {
        till.Tells<BalanceDeducted>(Key, of: null, (rows, e) => rows.Sums.Add(e.CustomerId, new(1)))
            .Take<Pay>("pay", (rows, pay) =>
            {
                rows.Seen.Add(pay.CustomerId, new(1));
                return
                [
                    new BalanceDeducted { CustomerId = pay.CustomerId, Sku = "" },
                    new BalanceRefunded { CustomerId = pay.CustomerId, Sku = "" },
                ];
            }, typeof(BalanceDeducted));
        var declared = new Rows();
        var rows = till.RowsOf(declared);
        var work = till.WorkOf(new Pay("anna"), Guid.Empty);
        declared.Ask(work.Step);
        declared.LoadFrom(new MemoryRows());
        Assert.Empty(new Decisions<TillRows>(till).Run(declared, rows, work, DateTime.UnixEpoch));
        Assert.Empty(work.Events);
        Assert.Equal((null, null), (rows.Seen["anna"], rows.Sums["anna"]));
        return work.Fault?.Message;
    }

    private static Choreography<TillRows> Till() => new("till", "sums", rows => new(rows));

    private static IReadOnlyList<ISpecificRecord> Nothing(TillRows rows, CheckoutCreated e, EventContext context) => [];

    private static string Key(BalanceDeducted e) => e.CustomerId;

    private sealed class TillRows(Rows rows)
    {
        public Table<string, Sum> Sums { get; } = rows.Locked<string, Sum>("sums", key: "customer_id");

        public Table<string, Sum> Seen { get; } = rows.Hanging<string, Sum>("seen", key: "customer_id");
    }

    private sealed record Sum(long Coins);

    private sealed record Pay(string CustomerId);
}
