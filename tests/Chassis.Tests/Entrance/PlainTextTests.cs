using Checkout.Chassis.Entrance;
using Xunit;

namespace Checkout.Chassis.Tests.Entrance;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("Palm [ULTRA RARE]")]
    [InlineData("\u00c4ffchen \ud83d\udc12")]
    public void What_people_write_is_a_text(string text) => Assert.Null(PlainText.Problem("name", text));

    [Theory]
    [InlineData(null, "name is empty;")]
    [InlineData("", "name is empty;")]
    [InlineData("  ", "name is empty;")]
    [InlineData("a\nb", "name has U+000A as character 2;")]
    [InlineData("a\u0000", "name has U+0000 as character 2;")]
    [InlineData("\u0085a", "name has U+0085 as character 1;")]
    public void What_would_garble_a_line_is_told_what_is_wrong(string? text, string said) =>
        Assert.StartsWith(said, PlainText.Problem("name", text), StringComparison.Ordinal);

    [Fact]
    public void Half_of_a_character_is_none()
    {
        foreach (var text in new[] { "a\ud83d", "a\ud83d\ud83d\udc12", "a\udc12" })
            Assert.Contains("as character 2;", PlainText.Problem("name", text), StringComparison.Ordinal);
    }

    [Fact]
    public void It_has_at_most_200_characters()
    {
        Assert.Null(PlainText.Problem("name", new('a', 200)));
        Assert.StartsWith("name has 201 characters;", PlainText.Problem("name", new('a', 201)),
            StringComparison.Ordinal);
    }
}
