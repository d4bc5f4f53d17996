using Checkout.Chassis.Entrance;
using CsCheck;
using Xunit;

namespace Checkout.Chassis.Tests.Entrance;

public sealed class OpaqueIdTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("player-1")]
    [InlineData("AZaz09-._~")]
    [InlineData("...")]
    [InlineData(".a")]
    public void Letters_digits_and_four_signs_are_an_id(string id) => Assert.Null(OpaqueId.Problem("id", id));

    [Theory]
    [InlineData(null, "id is empty")]
    [InlineData("", "id is empty")]
    [InlineData(".", "id is .;")]
    [InlineData("..", "id is ..;")]
    [InlineData("a b", "id has U+0020 as character 2;")]
    [InlineData("q/r", "id has U+002F as character 2;")]
    [InlineData("q%2Fr", "id has U+0025 as character 2;")]
    [InlineData("a\nb", "id has U+000A as character 2;")]
    [InlineData("a\u0000b", "id has U+0000 as character 2;")]
    [InlineData("\u0001", "id has U+0001 as character 1;")]
    [InlineData("a\u007f", "id has U+007F as character 2;")]
    [InlineData("p2,p3", "id has U+002C as character 3;")]
    [InlineData("somebody@example.com", "id has U+0040 as character 9;")]
    [InlineData("\u00e4", "id has U+00E4 as character 1;")]
    [InlineData("\u0661", "id has U+0661 as character 1;")]
    public void Whatever_else_is_told_what_is_wrong(string? id, string said) =>
        Assert.StartsWith(said, OpaqueId.Problem("id", id), StringComparison.Ordinal);

    [Fact]
    public void It_has_at_most_128_characters()
    {
        Assert.Null(OpaqueId.Problem("id", new('a', 128)));
        Assert.StartsWith("id has 129 characters;", OpaqueId.Problem("id", new('a', 129)), StringComparison.Ordinal);
        Assert.NotNull(OpaqueId.Problem("sku", new('a', 101), maxLength: 100));
    }

    [Fact]
    public void Each_id_has_exactly_one_url() => Gen.String[1, 5].Sample(id =>
    {
        if (OpaqueId.Problem("id", id) is not null) return;
        Assert.Equal(id, Uri.EscapeDataString(id));
        Assert.Equal($"/of/{id}/it", new Uri($"http://host/of/{id}/it").AbsolutePath);
    }, iter: 10_000);
}
