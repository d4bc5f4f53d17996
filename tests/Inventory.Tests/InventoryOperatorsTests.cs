using Xunit;

namespace Checkout.Inventory.Tests;

public sealed class InventoryOperatorsTests
{
    [Fact]
    public void Pieces_are_given_by_sku_and_reference() =>
        Assert.Single(InventoryOperators.AddStock.Read(Line("tiger", "9007199254740991", "lorry 7")));

    [Theory]
    [InlineData("", "1", "r", "sku is empty")]
    [InlineData("a b", "1", "r", "sku has U+0020")]
    [InlineData("tiger", "0", "r", "quantity is 0")]
    [InlineData("tiger", "9007199254740992", "r", "quantity is 9007199254740992")]
    [InlineData("tiger", "1", " ", "reference is empty")]
    [InlineData("tiger", "1", @"a\u0000", "reference has U+0000")]
    public void What_is_wrong_is_told_by_line_and_field(string sku, string quantity, string reference, string said) =>
        Assert.StartsWith($"Line 1, entry 1: {said}", Assert.Throws<FormatException>(() =>
            InventoryOperators.AddStock.Read(Line(sku, quantity, reference))).Message, StringComparison.Ordinal);

    [Fact]
    public void Of_two_entries_for_one_delivery_neither_is_believed() =>
        Assert.StartsWith("Line 2, entry 2: It is the same fact as entry 1", Assert.Throws<FormatException>(() =>
            InventoryOperators.AddStock.Read($"{Line("tiger", "1", "r")[..^1]},\n{Line("tiger", "2", "r")[1..]}"))
            .Message, StringComparison.Ordinal);

    private static string Line(string sku, string quantity, string reference) =>
        $$"""[{"sku": "{{sku}}", "quantity": {{quantity}}, "reference": "{{reference}}"}]""";
}
