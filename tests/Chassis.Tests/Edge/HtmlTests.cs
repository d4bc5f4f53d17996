using Checkout.Chassis.Edge;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

public sealed class HtmlTests
{
    [Theory]
    [InlineData("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;")]
    [InlineData("\" onclick=\"x", "&quot; onclick=&quot;x")]
    [InlineData("' autofocus '", "&#x27; autofocus &#x27;")]
    [InlineData("Tom & Jerry", "Tom &amp; Jerry")]
    [InlineData("大猩猩 Ñandú", "大猩猩 Ñandú")]
    [InlineData(null, "")]
    public void What_is_put_into_a_hole_is_text(string? text, string encoded)
    {
        Assert.Equal($"<p title=\"{encoded}\">{encoded}</p>", Html.Of($"""<p title="{text}">{text}</p>""").Markup);
    }

    [Fact]
    public void Markup_in_a_hole_stays_markup()
    {
        var items = new[] { "a", "<b>" }.Select(text => Html.Of($"<li>{text}</li>"));
        Assert.Equal("<ul><li>a</li><li>&lt;b&gt;</li></ul>", Html.Of($"<ul>{items}</ul>").Markup);
    }

    [Fact]
    public void Numbers_are_written_the_same_everywhere() =>
        Assert.Equal("500,000,000 500000000", Html.Of($"{500_000_000L:N0} {500_000_000L}").Markup);
}
