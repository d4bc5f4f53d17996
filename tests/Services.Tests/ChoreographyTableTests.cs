using System.Text.RegularExpressions;
using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Inventory;
using Checkout.Observer.Reading;
using Checkout.Store;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>The three tables of the services, put together, are the README's.</summary>
public sealed partial class ChoreographyTableTests
{
    private static readonly string[] Services = ["Store", "Balance", "Inventory"];

    /// <summary>How the README names what no event stands for.</summary>
    private static readonly Dictionary<string, string> Commands = new()
    {
        ["create-checkout"] = "POST /checkouts",
        ["list-package"] = "list-packages",
        ["change-price"] = "change-price",
        ["take-off-sale"] = "take-off-sale",
        ["put-on-sale"] = "put-on-sale",
        ["credit"] = "credit",
        ["grant-compensation"] = "POST /compensations",
        ["add-stock"] = "add-stock",
    };

    [Fact]
    public void The_tables_of_the_services_together_are_the_readmes() => Assert.Equal(
        InCode().Select(Text).Order(StringComparer.Ordinal), InReadme().Select(Text).Order(StringComparer.Ordinal));

    [Fact]
    public void Each_table_holds_together() => Assert.Empty(
        StoreChoreography.Table.Problems().Concat(BalanceChoreography.Table.Problems())
        .Concat(InventoryChoreography.Table.Problems()));

    /// <summary>One that is not is passed over, and figures behind it are believed.</summary>
    [Fact]
    public void Whatever_a_service_tells_is_known_to_the_Observer()
    {
        Check(StoreChoreography.Table);
        Check(BalanceChoreography.Table);
        Check(InventoryChoreography.Table);

        static void Check<TRows>(Choreography<TRows> table) => Assert.All(table.ToldEvents, told =>
            Assert.NotNull(ObservedEvents.Table.Find(table.Topic, told.Schema.Fullname)));
    }

    [Fact]
    public void What_one_service_hears_on_a_topic_of_another_that_one_tells()
    {
        var told = StoreChoreography.Table.ToldEvents.Select(t => (StoreChoreography.Table.Topic, t.Type))
            .Concat(BalanceChoreography.Table.ToldEvents.Select(t => (BalanceChoreography.Table.Topic, t.Type)))
            .Concat(InventoryChoreography.Table.ToldEvents.Select(t => (InventoryChoreography.Table.Topic, t.Type)))
            .ToHashSet();
        var heard = Heard(StoreChoreography.Table).Concat(Heard(BalanceChoreography.Table))
            .Concat(Heard(InventoryChoreography.Table));
        Assert.All(heard, row => Assert.Contains(row, told));

        static IEnumerable<(string, Type)> Heard<TRows>(Choreography<TRows> table) =>
            table.Heard.Where(r => r.IsChained).Select(r => (r.Topic, r.Event));
    }

    private static IEnumerable<(string When, string Service, IEnumerable<string> Tells)> InCode() =>
        [.. Rows("Store", StoreChoreography.Table), .. Rows("Balance", BalanceChoreography.Table),
            .. Rows("Inventory", InventoryChoreography.Table)];

    private static IEnumerable<(string When, string Service, IEnumerable<string> Tells)> Rows<TRows>(string service,
        Choreography<TRows> table) =>
        table.Heard.Select(row => (row.Event.Name, service, row.Tells.Select(type => type.Name)))
            .Concat(table.Takes.Select(row => (Commands[row.Name], service, row.Tells.Select(type => type.Name))));

    private static IEnumerable<(string When, string Service, IEnumerable<string> Tells)> InReadme() =>
        from line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "README.md"))
            .SkipWhile(line => !line.StartsWith("| when this happens", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
        let cells = line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray()
        from service in Enumerable.Range(0, Services.Length)
        let cell = cells[service + 1]
        where cell.Length > 0
        from when in Names().Matches(cells[0].Split('(')[0]).Select(name => name.Value.Trim('`'))
        select (when, Services[service], Told().Matches(cell).Select(told => told.Groups[1].Value));

    private static string Text((string When, string Service, IEnumerable<string> Tells) row) =>
        $"{row.When} | {row.Service} | {string.Join(", ", row.Tells.Order(StringComparer.Ordinal))}";

    [GeneratedRegex("`[^`]+`|[A-Z][A-Za-z]+")]
    private static partial Regex Names();

    [GeneratedRegex(@"\*\*(\w+)\*\*")]
    private static partial Regex Told();
}
