using Checkout.Store.Storefront;
using Xunit;

namespace Checkout.Store.Tests.Storefront;

public sealed class StorefrontOptionsTests
{
    [Theory]
    [InlineData("http://localhost:5082")]
    [InlineData("https://balance.example/api/")]
    [InlineData("")]
    [InlineData(null)]
    public void An_address_that_a_browser_can_ask_is_taken(string? url) =>
        Assert.Empty(new StorefrontOptions { BalanceUrl = url, InventoryUrl = url }.Problems());

    [Theory]
    [InlineData("localhost:5082")]
    [InlineData("ftp://balance.example")]
    [InlineData("/balances")]
    [InlineData("https://balance.example?x=1")]
    [InlineData("https://balance.example#x")]
    [InlineData("https://me:secret@balance.example")]
    public void Anything_else_is_refused_with_a_sentence(string url)
    {
        var problem = Assert.Single(new StorefrontOptions { BalanceUrl = url }.Problems());
        Assert.Contains("Storefront:BalanceUrl", problem, StringComparison.Ordinal);
        Assert.Contains("give the http or https address", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://balance.example:8443/api/", "https://balance.example:8443")]
    [InlineData("http://127.0.0.1:5082", "http://127.0.0.1:5082")]
    [InlineData("https://bücher.example/x;y", "https://xn--bcher-kva.example")]
    public void The_policy_names_its_origin(string url, string origin) =>
        Assert.Equal(origin, StorefrontOptions.Origin(url));
}
