using Checkout.Chassis.State;
using CsCheck;
using Xunit;

namespace Checkout.Chassis.Tests.State;

/// <summary>Rows of one transaction, on the twin in memory; what PostgreSQL makes of them is tested with one.</summary>
public sealed class TableTests
{
    private const int Runs = 1_000;

    [Fact]
    public void A_row_that_nothing_asked_for_is_an_error()
    {
        var purses = Purses(new(), "anna").Purses;
        var error = Assert.Throws<InvalidOperationException>(() => purses["bob"]);
        Assert.Equal("The row bob of purses is needed, and no step that runs here carries its key.", error.Message);
        Assert.Throws<InvalidOperationException>(() => purses.Put("bob", _ => new(1)));
        Assert.Throws<InvalidOperationException>(() => purses.Change("bob", purse => purse));
    }

    [Fact]
    public void What_was_asked_for_and_is_not_there_is_null() => Assert.Null(Purses(new(), "anna").Purses["anna"]);

    [Fact]
    public void What_was_asked_for_is_as_it_was_saved() =>
        Assert.Equal(new Purse(5), Purses(Holding("anna", 5), "anna").Purses["anna"]);

    [Fact]
    public void A_second_row_of_a_key_is_an_error()
    {
        var purses = Purses(Holding("anna", 5), "anna", "bob").Purses;
        Assert.Throws<InvalidOperationException>(() => purses.Add("anna", new(1)));
        purses.Add("bob", new(1));
        Assert.Throws<InvalidOperationException>(() => purses.Add("bob", new(2)));
        Assert.Equal((new Purse(5), new Purse(1)), (purses["anna"], purses["bob"]));
    }

    [Fact]
    public void A_change_of_what_is_not_there_is_an_error() => Assert.Throws<InvalidOperationException>(
        () => Purses(new(), "anna").Purses.Change("anna", purse => purse));

    [Fact]
    public void What_is_put_is_changed_where_it_is_and_made_where_it_is_not()
    {
        var memory = Holding("anna", 5);
        var (rows, purses) = Purses(memory, "anna", "bob");
        foreach (var customer in new[] { "anna", "bob" }) purses.Put(customer, purse => new((purse?.Coins ?? 0) + 1));
        rows.SaveTo(memory);
        Assert.Equal(new Dictionary<string, Purse> { ["anna"] = new(6), ["bob"] = new(1) }, memory.All(purses));
    }

    [Fact]
    public void A_table_that_is_only_read_refuses_changes()
    {
        var rows = new Rows();
        var purses = rows.ReadOnly<string, Purse>("purses", "customer_id", askedBy: typeof(Pay));
        foreach (var customer in new[] { "anna", "bob" }) rows.Ask(new Pay(customer));
        rows.LoadFrom(Holding("anna", 5));
        Action[] changes =
        [
            () => purses.Add("bob", new(1)),
            () => purses.Put("bob", _ => new(1)),
            () => purses.Change("anna", _ => new(1)),
        ];
        foreach (var change in changes)
        {
            var error = Assert.Throws<InvalidOperationException>(change);
            Assert.Equal("purses is declared to be only read here.", error.Message);
        }
        Assert.Equal((new Purse(5), null), (purses["anna"], purses["bob"]));
    }

    private static readonly string[] Customers = ["anna", "bob", "cleo", "dan"];

    private static readonly Gen<(Act Act, string Customer, long Coins)[]> Acts = Gen.Select(
        Gen.Enum<Act>(), Gen.OneOf(Customers), Gen.Long[0, 99]).Array[0, 30];

    [Fact]
    public void Whatever_is_added_changed_and_put_an_undo_goes_back_to_the_mark() =>
        Gen.Select(Gen.OneOf(Customers).HashSet[0, 4], Acts).Sample((held, acts) =>
        {
            var memory = Holding(held.Select(customer => (customer, 7L)).ToArray());
            var (rows, purses) = Purses(memory, Customers);
            var model = new Dictionary<string, Purse>(memory.All(purses));
            var marked = new Dictionary<string, Purse>(model);
            foreach (var (act, customer, coins) in acts)
                switch (act)
                {
                    case Act.Mark:
                        rows.Mark();
                        marked = new(model);
                        break;
                    case Act.Undo:
                        rows.Undo();
                        model = new(marked);
                        break;
                    case Act.Add:
                        Assert.Equal(model.TryAdd(customer, new(coins)), Goes(() => purses.Add(customer, new(coins))));
                        break;
                    case Act.Change when !model.ContainsKey(customer):
                        Assert.False(Goes(() => purses.Change(customer, purse => purse)));
                        break;
                    case Act.Change:
                        purses.Change(customer, purse => new(purse.Coins + coins));
                        model[customer] = new(model[customer].Coins + coins);
                        break;
                    case Act.Put:
                        purses.Put(customer, purse => new((purse?.Coins ?? 0) - coins));
                        model[customer] = new((model.GetValueOrDefault(customer)?.Coins ?? 0) - coins);
                        break;
                }

            foreach (var customer in Customers) Assert.Equal(model.GetValueOrDefault(customer), purses[customer]);
            // Memory refuses an insert of what is there and an update of what is not.
            rows.SaveTo(memory);
            Assert.Equal(model, memory.All(purses));
        }, iter: Runs);

    [Fact]
    public void A_row_that_another_transaction_made_meanwhile_makes_this_one_fail()
    {
        var memory = new MemoryRows();
        var (first, second) = (Purses(memory, "anna"), Purses(memory, "anna"));
        first.Purses.Add("anna", new(1));
        second.Purses.Add("anna", new(2));
        first.Rows.SaveTo(memory);
        Assert.Throws<InvalidOperationException>(() => second.Rows.SaveTo(memory));
    }

    [Fact]
    public void Rows_in_memory_may_be_refused_as_a_constraint_would()
    {
        var memory = new MemoryRows
        {
            Check = (table, key, row) =>
            {
                if (row is Purse { Coins: < 0 }) throw new ArgumentException($"{table}: {key} is below zero.");
            },
        };
        var (rows, purses) = Purses(memory);
        purses.Add("anna", new(-1));
        var refusal = Assert.Throws<ArgumentException>(() => rows.SaveTo(memory));
        Assert.Equal("purses: anna is below zero.", refusal.Message);
        Assert.Empty(memory.All(purses));
    }

    private static (Rows Rows, Table<string, Purse> Purses) Purses(MemoryRows memory, params string[] asked)
    {
        var rows = new Rows();
        var purses = rows.Locked<string, Purse>("purses", key: "customer_id");
        foreach (var customer in asked) rows.Ask(new Pay(customer));
        rows.LoadFrom(memory);
        return (rows, purses);
    }

    private static MemoryRows Holding(string customer, long coins) => Holding((customer, coins));

    private static MemoryRows Holding(params (string Customer, long Coins)[] held)
    {
        var memory = new MemoryRows();
        var (rows, purses) = Purses(memory);
        foreach (var (customer, coins) in held) purses.Add(customer, new(coins));
        rows.SaveTo(memory);
        return memory;
    }

    private static bool Goes(Action change)
    {
        try
        {
            change();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private enum Act
    {
        Mark,
        Undo,
        Add,
        Change,
        Put,
    }

    private sealed record Pay(string CustomerId);

    private sealed record Purse(long Coins);
}
