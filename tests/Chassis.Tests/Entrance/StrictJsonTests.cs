using System.Text;
using Checkout.Chassis.Entrance;
using Xunit;

namespace Checkout.Chassis.Tests.Entrance;

/// <summary>What may be left out; the rest is tested where files and bodies are read.</summary>
public sealed class StrictJsonTests
{
    private sealed record Line(string Sku, long? Coins, string? Word);

    private sealed record Switches(bool Dry, bool? Loud);

    [Theory]
    [InlineData("""{"sku":"a"}""", null, null)]
    [InlineData("""{"sku":"a","coins":0}""", 0L, null)]
    [InlineData("""{"word":"w","sku":"a","coins":7}""", 7L, "w")]
    public void What_may_be_null_may_be_left_out(string json, long? coins, string? word) =>
        Assert.Equal(new Line("a", coins, word), Read(json));

    [Theory]
    [InlineData("""{"sku":"a","coins":null}""", "coins is null; give a whole number.")]
    [InlineData("""{"sku":"a","coins":"7"}""", "coins is a text; give a whole number.")]
    [InlineData("""{"sku":"a","coins":7.5}""", "coins is 7.5; give a whole number")]
    [InlineData("""{"sku":"a","word":null}""", "word is null; give text.")]
    [InlineData("""{"sku":"a","word":"w","word":"w"}""", "word stands there twice.")]
    [InlineData("""{"coins":7}""", "sku is missing; an object has sku, coins (optional), word (optional).")]
    [InlineData("""{"sku":"a","coin":7}""", "coin is no field here; an object has sku, coins (optional)")]
    public void Where_it_comes_it_is_of_its_kind_and_not_null(string json, string said) =>
        Assert.StartsWith(said, Assert.Throws<FormatException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"dry":true}""", true, null)]
    [InlineData("""{"dry":false,"loud":true}""", false, true)]
    public void True_and_false_are_what_they_are(string json, bool dry, bool? loud) => Assert.Equal(
        new Switches(dry, loud), StrictJson.Read<Switches>(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("1")]
    [InlineData("\"true\"")]
    [InlineData("null")]
    public void Nothing_else_is_taken_for_true(string value) => Assert.Contains("give true or false",
        Assert.Throws<FormatException>(() => StrictJson.Read<Switches>(Encoding.UTF8.GetBytes($"{{\"dry\":{value}}}")))
            .Message, StringComparison.Ordinal);

    private static Line Read(string json) => StrictJson.Read<Line>(Encoding.UTF8.GetBytes(json));
}
