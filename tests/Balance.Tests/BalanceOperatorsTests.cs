using Checkout.Chassis.Entrance;
using Xunit;

namespace Checkout.Balance.Tests;

public sealed class BalanceOperatorsTests
{
    [Fact]
    public void Coins_are_given_by_customer_and_reference() =>
        Assert.Single(BalanceOperators.Credit.Read(Line("player-1", "1", "sorry")));

    [Theory]
    [InlineData("", "1", "r", "customerId is empty")]
    [InlineData("a b", "1", "r", "customerId has U+0020")]
    [InlineData(@"a\nb", "1", "r", "customerId has U+000A")]
    [InlineData(@"a\u0000b", "1", "r", "customerId has U+0000")]
    [InlineData(@"a\u0001", "1", "r", "customerId has U+0001")]
    [InlineData(@"a\u007f", "1", "r", "customerId has U+007F")]
    [InlineData("p", "0", "r", "coins is 0")]
    [InlineData("p", "-1", "r", "coins is -1")]
    [InlineData("p", "9007199254740992", "r", "coins is 9007199254740992")]
    [InlineData("p", "1", "", "reference is empty")]
    [InlineData("p", "1", @"a\nb", "reference has U+000A")]
    public void What_is_wrong_is_told_by_line_and_field(string customer, string coins, string reference, string said) =>
        AssertFault($"Line 1, entry 1: {said}", Line(customer, coins, reference));

    [Fact]
    public void Ids_and_references_are_bounded()
    {
        var (id, reference) = (new string('a', OpaqueId.MaxLength), new string('a', PlainText.MaxLength));
        Assert.Single(BalanceOperators.Credit.Read(Line(id, $"{ExactNumber.Max}", reference)));
        AssertFault("customerId has 129 characters", Line(id + "a", "1", reference));
        AssertFault("reference has 201 characters", Line(id, "1", reference + "a"));
    }

    [Fact]
    public void Of_two_entries_for_one_fact_neither_is_believed_unless_they_are_equal()
    {
        var (one, other) = (Entry("p", "1", "r"), Entry("p", "2", "r"));
        AssertFault("Line 2, entry 2: It is the same fact as entry 1", $"[{one},\n{other}]");
        Assert.Equal(3, BalanceOperators.Credit.Read($"[{one}, {one}, {Entry("q", "2", "r")}]").Count);
    }

    private static void AssertFault(string said, string file) => Assert.Contains(said,
        Assert.Throws<FormatException>(() => BalanceOperators.Credit.Read(file)).Message, StringComparison.Ordinal);

    private static string Line(string customer, string coins, string reference) =>
        $"[{Entry(customer, coins, reference)}]";

    private static string Entry(string customer, string coins, string reference) =>
        $$"""{"customerId": "{{customer}}", "coins": {{coins}}, "reference": "{{reference}}"}""";
}
