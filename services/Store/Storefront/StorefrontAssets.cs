using Checkout.Chassis.Edge;

namespace Checkout.Store.Storefront;

/// <summary>What the shop's page consists of beside its HTML, and which drawing is of which package.</summary>
public sealed class StorefrontAssets
{
    /// <summary>Drawings are avatar.{sku}.svg; there is one for a sku that nobody has drawn.</summary>
    private const string Drawing = "avatar.", DrawingKind = ".svg", Undrawn = "unknown";

    public PageAssets Files { get; } = new(typeof(StorefrontAssets).Assembly, "storefront/");

    /// <summary>The skus that somebody has drawn, and their drawings' addresses.</summary>
    public IEnumerable<(string Sku, string Url)> Drawings => Files.Names
        .Where(name => name.StartsWith(Drawing, StringComparison.Ordinal))
        .Select(name => name[Drawing.Length..^DrawingKind.Length]).Where(sku => sku != Undrawn)
        .Order(StringComparer.Ordinal).Select(sku => (sku, Url(FileOf(sku))));

    public string Url(string name) => Files.Url(name);

    /// <summary>Of palm-gold it is that of palm, as long as nobody has drawn palm-gold.</summary>
    public string DrawingOf(string sku)
    {
        for (var length = sku.Length; length > 0; length = sku.LastIndexOf('-', length - 1))
            if (Files.Has(FileOf(sku[..length]))) return Url(FileOf(sku[..length]));
        return Url(FileOf(Undrawn));
    }

    private static string FileOf(string sku) => Drawing + sku + DrawingKind;
}
