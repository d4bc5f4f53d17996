using System.Text;
using Checkout.Chassis.Entrance;
using Xunit;

namespace Checkout.Chassis.Tests.Entrance;

/// <summary>What may be left out; the rest is tested where files and bodies are read.</summary>
public sealed class StrictJsonTests
{
    private sealed record Line(string Sku, long? Coins, string? Word);

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

    private static Line Read(string json) => StrictJson.Read<Line>(Encoding.UTF8.GetBytes(json));
}
