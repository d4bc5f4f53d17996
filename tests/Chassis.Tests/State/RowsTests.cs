using Checkout.Chassis.State;
using CsCheck;
using Xunit;

namespace Checkout.Chassis.Tests.State;

/// <summary>
/// Which rows a step is about follows from its properties; in which order they are locked and written, from their keys.
/// </summary>
public sealed class RowsTests
{
    private readonly Rows _rows = new();
    private readonly Recorded _store = new();

    [Fact]
    public void A_step_asks_for_the_rows_all_of_whose_key_it_carries()
    {
        var (purses, gifts) = (Purses(), Gifts());
        _rows.Ask(new { CustomerId = "anna", Occasion = Occasion.Birthday });
        _rows.Ask(new { CustomerId = "bob", Occasion = Occasion.NewYear, Number = 7L });
        Assert.Equal(["anna", "bob"], purses.Asked);
        Assert.Equal([new(Occasion.NewYear, 7, "bob")], gifts.Asked);
    }

    [Fact]
    public void A_property_of_another_type_is_not_the_key()
    {
        var (purses, gifts) = (Purses(), Gifts());
        _rows.Ask(new { CustomerId = 1, Occasion = Occasion.NewYear, Number = 7L });
        Assert.Empty(purses.Asked);
        Assert.Empty(gifts.Asked);
    }

    [Fact]
    public void A_step_that_carries_what_a_table_excepts_does_not_ask_for_it()
    {
        var purses = _rows.Locked<string, Purse>("purses", key: "customer_id", unless: "gift_number");
        _rows.Ask(new { CustomerId = "anna", GiftNumber = 7L });
        _rows.Ask(new { CustomerId = "bob" });
        Assert.Equal(["bob"], purses.Asked);
    }

    [Fact]
    public void A_table_that_is_only_read_is_asked_for_by_one_kind_of_step()
    {
        var purses = _rows.ReadOnly<string, Purse>("purses", "customer_id", askedBy: typeof(Pay));
        _rows.Ask(new { CustomerId = "anna" });
        _rows.Ask(new Pay("bob"));
        Assert.Equal(["bob"], purses.Asked);
    }

    [Fact]
    public void A_table_that_is_only_written_is_never_read()
    {
        var purses = _rows.WriteOnly<string, Purse>("purses", key: "customer_id");
        _rows.Ask(new Pay("anna"));
        _rows.LoadFrom(_store);
        purses.Add("anna", new(1));
        _rows.SaveTo(_store);
        Assert.Equal(["save purses"], _store.Calls);
    }

    [Fact]
    public void Locks_come_first_in_the_order_of_the_declaration_and_what_nothing_asks_for_is_not_read()
    {
        _rows.Hanging<string, Purse>("hanging", key: "customer_id");
        _rows.Locked<string, Purse>("z_locked", key: "customer_id");
        _rows.Locked<string, Purse>("not_asked", key: "sku");
        _rows.Locked<string, Purse>("a_locked", key: "customer_id");
        _rows.Ask(new Pay("anna"));
        _rows.LoadFrom(_store);
        _rows.SaveTo(_store);
        Assert.Equal(["load z_locked", "load a_locked", "load hanging"], _store.Calls);
    }

    [Fact]
    public void Rows_are_locked_and_written_once_each_in_one_order_whatever_the_order_of_the_steps()
    {
        // As bytes are compared, and not as a language would.
        string[] customers = ["B", "Z", "a", "b", "z"];
        var some = Gen.OneOf(customers);
        Gen.Select(some.Array[0, 20], some.HashSet[0, 5]).Sample((steps, held) =>
        {
            var rows = new Rows();
            var purses = rows.Locked<string, Purse>("purses", key: "customer_id");
            foreach (var customer in steps) rows.Ask(new Pay(customer));
            foreach (var customer in held) purses.Found(customer, new(1));
            foreach (var customer in steps) purses.Put(customer, purse => new((purse?.Coins ?? 0) + 1));

            var wanted = customers.Where(steps.Contains).ToList();
            Assert.Equal(wanted, purses.Asked);
            Assert.Equal(wanted.Where(customer => !held.Contains(customer)), purses.Added.Select(row => row.Key));
            Assert.Equal(wanted.Where(held.Contains), purses.Changed.Select(row => row.Key));
        });
    }

    [Fact]
    public void A_key_of_several_columns_is_ordered_by_one_after_the_other()
    {
        var gifts = Gifts();
        GiftKey[] wanted =
        [
            new(Occasion.Birthday, 10, "a"), new(Occasion.NewYear, 9, "b"), new(Occasion.NewYear, 10, "B"),
            new(Occasion.NewYear, 10, "b"),
        ];
        foreach (var key in wanted.Reverse()) _rows.Ask(new { key.CustomerId, key.Occasion, key.Number });
        Assert.Equal(wanted, gifts.Asked);
    }

    private Table<string, Purse> Purses() => _rows.Locked<string, Purse>("purses", key: "customer_id");

    private Table<GiftKey, Purse> Gifts() => _rows.Hanging<GiftKey, Purse>("gifts");

    private enum Occasion
    {
        // Not in the order of their names, by which they are kept and compared.
        NewYear,
        Birthday,
    }

    private sealed record Pay(string CustomerId);

    private sealed record Purse(long Coins);

    private readonly record struct GiftKey(Occasion Occasion, long Number, string CustomerId);

    /// <summary>Has no rows, and says what was asked of it.</summary>
    private sealed class Recorded : IRowStore
    {
        public List<string> Calls { get; } = [];

        public void Load<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class =>
            Calls.Add($"load {table.Name}");

        public void Save<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class =>
            Calls.Add($"save {table.Name}");
    }
}
