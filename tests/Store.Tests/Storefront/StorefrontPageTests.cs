using System.Text.RegularExpressions;
using Checkout.Store.Packages;
using Checkout.Store.Storefront;
using Xunit;

namespace Checkout.Store.Tests.Storefront;

public sealed partial class StorefrontPageTests
{
    private static readonly StorefrontAssets Assets = new();
    private static readonly StorefrontOptions Options = new()
    {
        BalanceUrl = "https://balance.example:8443/api/",
        InventoryUrl = "https://inventory.example",
    };

    [Fact]
    public void A_package_is_a_card_with_its_drawing_and_its_price()
    {
        var page = Page().Render(
            [new("gorilla", "Gorilla", 500, "common"), new("palm-gold", "Golden palm", 1, "unknown")]);
        Assert.Contains("""data-sku="gorilla" data-name="Gorilla" """.TrimEnd(), page, StringComparison.Ordinal);
        Assert.Contains(Assets.DrawingOf("gorilla"), page, StringComparison.Ordinal);
        Assert.Contains(Assets.DrawingOf("palm"), page, StringComparison.Ordinal);
        Assert.Matches(@"Claim for\s+500 coins</button>", page);
        Assert.Matches(@"Claim for\s+1 coin</button>", page);
    }

    [Theory]
    [InlineData("common", "Common")]
    [InlineData("rare", "Rare")]
    [InlineData("ultraRare", "Ultra rare")]
    [InlineData("unknown", null)]
    [InlineData("mythical", null)]
    public void A_rarity_is_said_where_it_is_known(string rarity, string? badge)
    {
        var page = Page().Render([new("gorilla", "Gorilla", 500, rarity)]);
        if (badge is null) Assert.DoesNotContain("class=\"badge\"", page, StringComparison.Ordinal);
        else Assert.Contains($"""<p class="badge">{badge}</p>""", page, StringComparison.Ordinal);
    }

    [Fact]
    public void No_name_and_no_sku_can_be_more_than_text()
    {
        const string bad = "\"><script>alert('x')</script>";
        var page = Page().Render([new(bad, bad, 500, bad)]);
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        Assert.Single(Scripts().Matches(page));
        Assert.Contains("&quot;&gt;&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;</h3>", page,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Its_policy_takes_nothing_inline_and_reaches_no_more_than_it_needs()
    {
        var policy = Page().ContentSecurityPolicy;
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("connect-src 'self' https://balance.example:8443 https://inventory.example;", policy,
            StringComparison.Ordinal);
        Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
    }

    [Fact]
    public void It_has_nothing_inline()
    {
        var page = Page(isDemo: true).Render([new("gorilla", "Gorilla", 500, "common")]);
        Assert.DoesNotMatch(@"\sstyle=|<style|\son\w+=|javascript:", page);
    }

    [Fact]
    public void Only_the_demo_offers_to_be_anybody()
    {
        Assert.Contains("data-demo", Page(isDemo: true).Render([]), StringComparison.Ordinal);
        Assert.DoesNotContain("data-demo", Page().Render([]), StringComparison.Ordinal);
        Assert.Contains("Open the store from the game", Page().Render([]), StringComparison.Ordinal);
    }

    [Fact]
    public void It_says_that_the_catalogue_is_empty_or_away()
    {
        Assert.Contains("Nothing is on sale yet", Page().Render([]), StringComparison.Ordinal);
        Assert.Contains("The catalogue can't be read right now", Page().Render(null),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Without_addresses_it_reaches_nobody_else()
    {
        var page = new StorefrontPage(Assets, new(), isDemo: false);
        Assert.Contains("connect-src 'self';", page.ContentSecurityPolicy, StringComparison.Ordinal);
        Assert.Contains("data-balance=\"\"", page.Render([]), StringComparison.Ordinal);
    }

    private static StorefrontPage Page(bool isDemo = false) => new(Assets, Options, isDemo);

    [GeneratedRegex("<script ")]
    private static partial Regex Scripts();
}
