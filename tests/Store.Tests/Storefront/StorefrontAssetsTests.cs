using Checkout.Chassis.Edge;
using Checkout.Store.Storefront;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Xunit;

namespace Checkout.Store.Tests.Storefront;

public sealed class StorefrontAssetsTests
{
    private readonly StorefrontAssets _assets = new();

    [Theory]
    [InlineData("storefront.js", "text/javascript; charset=utf-8")]
    [InlineData("storefront.css", "text/css; charset=utf-8")]
    [InlineData("coin.svg", "image/svg+xml; charset=utf-8")]
    public void An_asset_is_kept_for_good_under_the_name_of_its_content(string name, string contentType)
    {
        var (file, response) = Get(_assets.Url(name));
        Assert.Equal(contentType, file.ContentType);
        Assert.Equal("public, max-age=31536000, immutable", response.Headers.CacheControl);
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", response.Headers.ContentSecurityPolicy);
    }

    [Fact]
    public void Another_versions_page_gets_what_there_is_and_does_not_keep_it()
    {
        var (file, response) = Get(PageAssets.Path + "storefront.0123456789abcdef.js");
        Assert.Equal(Get(_assets.Url("storefront.js")).File.FileContents, file.FileContents);
        Assert.Equal("no-store", response.Headers.CacheControl);
    }

    [Theory]
    [InlineData("other.0123456789abcdef.js")]
    [InlineData("other")]
    [InlineData(".")]
    [InlineData("avatar.gorilla")]
    public void What_is_not_there_is_not_found(string file) =>
        Assert.IsType<NotFound>(_assets.Files.Get(file, new DefaultHttpContext().Response).Result);

    [Theory]
    [InlineData("palm", "palm")]
    [InlineData("palm-gold", "palm")]
    [InlineData("palm-gold-2", "palm")]
    [InlineData("palmgold", "unknown")]
    [InlineData("-palm", "unknown")]
    [InlineData("", "unknown")]
    public void A_variant_has_the_drawing_of_what_it_is_a_variant_of(string sku, string drawing) =>
        Assert.Equal(_assets.Url($"avatar.{drawing}.svg"), _assets.DrawingOf(sku));

    [Fact]
    public void Every_drawing_is_one_picture_that_needs_nothing_else() =>
        Assert.All(_assets.Drawings, drawing =>
        {
            var svg = System.Text.Encoding.UTF8.GetString(Get(drawing.Url).File.FileContents.Span);
            Assert.Contains("viewBox=\"0 0 240 240\"", svg, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"<script|<style|\sstyle=|href|url\(|\son\w+=", svg);
        });

    private (FileContentHttpResult File, HttpResponse Response) Get(string url)
    {
        var response = new DefaultHttpContext().Response;
        return ((FileContentHttpResult)_assets.Files.Get(url[PageAssets.Path.Length..], response).Result, response);
    }
}
